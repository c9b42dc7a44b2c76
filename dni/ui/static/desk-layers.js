// How much of the mix each group of layers gets: bars over depth that are drawn with one stroke, and beside
// them how alike the ends' filters are there.

const LAYER_KEY_STEP = 0.05;

const LAYER_PRESETS = {
  all: () => 1,
  late: (at) => (at < 0.5 ? 0 : 1),
  early: (at) => (at < 0.5 ? 1 : 0),
  rising: (at) => at,
};

class LayerCurve {
  // told(): called after every change.
  constructor(root, told) {
    this.root = root;
    this.told = told;
    this.bars = root.querySelector('.bars');
    this.values = [];
    this.names = [];
    this.attach();
    for (const button of root.querySelectorAll('[data-preset]')) {
      button.addEventListener('click', () => this.preset(button.dataset.preset));
    }
  }

  // groups: [{ name, correlation }], in order of depth; correlation is null where it is not known.
  open(groups, values = {}) {
    this.names = groups.map((group) => group.name);
    this.values = this.names.map((name) => values[name] ?? 1);
    this.bars.replaceChildren(...groups.map((group, index) => this.bar(group, index)));
    this.show();
  }

  bar({ name, correlation }, index) {
    const bar = document.createElement('div');
    const column = document.createElement('div');
    const fill = document.createElement('i');
    const caption = document.createElement('span');
    bar.className = 'bar-of-layer';
    column.className = 'column';
    column.tabIndex = 0;
    column.setAttribute('role', 'slider');
    column.setAttribute('aria-label', `Layers: ${name}`);
    column.setAttribute('aria-valuemin', 0);
    column.setAttribute('aria-valuemax', 100);
    column.addEventListener('keydown', (event) => this.key(event, index));
    caption.textContent = name.replace('upsampling', 'upsample');
    column.append(fill);
    if (correlation !== null && correlation !== undefined) {
      const mark = document.createElement('em');
      mark.style.bottom = `${Math.max(0, Math.min(1, correlation)) * 100}%`;
      mark.title = `The ends' filters correlate by ${correlation.toFixed(3)} here`;
      column.append(mark);
    }
    bar.append(column, caption);
    return bar;
  }

  attach() {
    let drawing = false;
    const draw = (event) => {
      const columns = [...this.bars.querySelectorAll('.column')];
      const index = columns.findIndex((column) => {
        const box = column.parentElement.getBoundingClientRect();
        return event.clientX >= box.left && event.clientX < box.right;
      });
      if (index < 0) return;
      const box = columns[index].getBoundingClientRect();
      this.set(index, (box.bottom - event.clientY) / box.height);
    };
    this.bars.addEventListener('pointerdown', (event) => {
      if (event.button > 0) return;
      drawing = true;
      this.bars.setPointerCapture(event.pointerId);
      draw(event);
    });
    this.bars.addEventListener('pointermove', (event) => { if (drawing) draw(event); });
    for (const name of ['pointerup', 'pointercancel']) this.bars.addEventListener(name, () => { drawing = false; });
  }

  key(event, index) {
    const steps = { ArrowUp: LAYER_KEY_STEP, ArrowRight: LAYER_KEY_STEP, ArrowDown: -LAYER_KEY_STEP, ArrowLeft: -LAYER_KEY_STEP };
    const ends = { Home: 0, End: 1 };
    if (steps[event.key]) this.set(index, this.values[index] + steps[event.key]);
    else if (event.key in ends) this.set(index, ends[event.key]);
    else return;
    event.preventDefault();
  }

  set(index, value) {
    this.values[index] = Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
    this.show();
    this.told();
  }

  preset(name) {
    const last = Math.max(1, this.names.length - 1);
    this.values = this.names.map((_, index) => Math.round(LAYER_PRESETS[name](index / last) * 100) / 100);
    this.show();
    this.told();
  }

  show() {
    this.bars.querySelectorAll('.column').forEach((column, index) => {
      column.querySelector('i').style.height = `${this.values[index] * 100}%`;
      column.setAttribute('aria-valuenow', Math.round(this.values[index] * 100));
      column.title = `${this.names[index]}: ${percent(this.values[index])} of the mix`;
    });
  }

  // The groups that do not get all of the mix, by name.
  get own() {
    return Object.fromEntries(this.names.map((name, i) => [name, this.values[i]]).filter(([, value]) => value < 1));
  }

  // The shares of those groups: from the first end, at 0, to the mix, at 1.
  groups(shares) {
    return Object.fromEntries(Object.entries(this.own).map(([name, value]) => [
      name, shares.map((share, index) => value * share + (index ? 0 : 1 - value)),
    ]));
  }
}
