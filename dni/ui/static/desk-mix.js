// The control of the mix: a slider, a triangle, a square, or a bank of sliders; shares shown as numbers.

const PAD_KEY_STEP = 0.05;
const BANK_COLOURS = ['#4f46e5', '#c2410c', '#0f766e', '#a21caf', '#1d4ed8', '#a16207', '#be123c', '#15803d'];

const colourOf = (index) => BANK_COLOURS[index % BANK_COLOURS.length];
const percent = (share) => `${Math.round(share * 100)} %`;

// Whole per cents that sum to 100, as the shares sum to 1: those that rounding down cut most get one more.
function percents(shares) {
  const exact = shares.map((share) => share * 100);
  const down = exact.map((value) => Math.floor(value + NEAR));
  const missing = Math.round(100 - down.reduce((sum, value) => sum + value, 0));
  const most = shares.map((_, index) => index).sort((one, other) => (exact[other] - down[other]) - (exact[one] - down[one]));
  return down.map((value, index) => `${value + (most.indexOf(index) < missing ? 1 : 0)} %`);
}

// How much of each network but the first a mix has, and in which layers it is another one.
function inWords({ shares, groups = {} }, labels) {
  const others = shares.map((share, index) => [share, labels[index]]).filter(([share], index) => index && share);
  const words = others.map(([share, label]) => `${percent(share)} ${label}`).join(', ') || labels[0];
  const layers = Object.keys(groups);
  return layers.length ? `${words}; other shares in ${layers.join(', ')}` : words;
}

// mixer: { change(shares), rest() } are told of what the person does.
class MixControl {
  constructor(root, mixer) {
    this.root = root;
    this.mixer = mixer;
    this.parts = {};
    for (const name of ['line', 'pad', 'bank']) this.parts[name] = root.querySelector(`.${name}`);
    this.slider = root.querySelector('input.alpha');
    this.pad = root.querySelector('.pad canvas');
    this.slider.addEventListener('input', () => mixer.change([1 - Number(this.slider.value), Number(this.slider.value)]));
    this.slider.addEventListener('change', () => mixer.rest());
    this.attachPad();
  }

  // labels: of the ends; scales: of task arithmetic, or null.
  open(space, labels, { beyond, tasks }) {
    this.space = space;
    this.labels = labels;
    this.tasks = tasks;
    this.beyond = beyond;
    const isPad = space.kind === 'triangle' || space.kind === 'square';
    this.parts.line.hidden = space.kind !== 'line';
    this.parts.pad.hidden = !isPad;
    this.parts.bank.hidden = space.kind !== 'bank';
    this.slider.min = beyond ? -BEYOND : 0;
    this.slider.max = beyond ? 1 + BEYOND : 1;
    const [first, second] = this.root.querySelectorAll('.line .end');
    first.textContent = labels[0];
    second.textContent = labels[1];
    if (space.kind === 'bank') this.buildBank();
    this.buildNumbers();
  }

  buildBank() {
    const rows = this.labels.map((label, index) => {
      const row = document.createElement('label');
      const name = document.createElement('span');
      const input = document.createElement('input');
      name.textContent = this.tasks ? (index ? `+ ${label}` : label) : label;
      Object.assign(input, { type: 'range', step: 0.01, min: this.tasks || this.beyond ? -BEYOND : 0, max: this.tasks || this.beyond ? 1 + BEYOND : 1 });
      input.setAttribute('aria-label', this.tasks ? `How much of the difference of ${label} is added` : `Share of ${label}`);
      input.addEventListener('input', () => this.slide(index, Number(input.value)));
      input.addEventListener('change', () => this.mixer.rest());
      if (this.tasks && index === 0) row.hidden = true;
      row.append(name, input);
      return row;
    });
    this.parts.bank.replaceChildren(...rows);
    this.inputs = rows.map((row) => row.querySelector('input'));
  }

  slide(index, value) {
    if (this.tasks) {
      const scales = this.inputs.slice(1).map((input) => Number(input.value));
      this.mixer.change(taskShares(scales));
    } else this.mixer.change(withShare(this.shares, index, value));
  }

  buildNumbers() {
    const items = this.labels.map((label, index) => {
      const item = document.createElement('li');
      const dot = document.createElement('i');
      const name = document.createElement('span');
      const number = document.createElement('b');
      dot.style.background = colourOf(index);
      name.textContent = label;
      item.append(dot, name, number);
      return item;
    });
    const list = this.root.querySelector('.numbers');
    list.replaceChildren(...items);
    this.numbers = items.map((item) => item.querySelector('b'));
  }

  show(shares) {
    this.shares = shares;
    percents(shares).forEach((text, index) => { this.numbers[index].textContent = text; });
    if (this.space.kind === 'line') this.showLine(shares);
    if (this.space.kind === 'bank') this.showBank(shares);
    if (!this.parts.pad.hidden) this.drawPad();
  }

  showLine([, alpha]) {
    if (Math.abs(Number(this.slider.value) - alpha) > 1e-4) this.slider.value = alpha;
    const [a, b] = this.labels;
    this.slider.setAttribute('aria-valuetext', `${alpha.toFixed(2)}: ${percent(1 - alpha)} ${a}, ${percent(alpha)} ${b}`);
  }

  showBank(shares) {
    this.inputs.forEach((input, index) => {
      if (document.activeElement !== input && Math.abs(Number(input.value) - shares[index]) > 1e-4) input.value = shares[index];
    });
  }

  // ---- the pad

  attachPad() {
    const { pad } = this;
    let dragging = false;
    const move = (event) => {
      const box = pad.getBoundingClientRect();
      this.mixer.change(this.space.shares(this.inside(event.clientX - box.left, event.clientY - box.top)));
    };
    pad.addEventListener('pointerdown', (event) => {
      if (event.button > 0) return;
      dragging = true;
      pad.setPointerCapture(event.pointerId);
      move(event);
    });
    pad.addEventListener('pointermove', (event) => { if (dragging) move(event); });
    for (const name of ['pointerup', 'pointercancel']) {
      pad.addEventListener(name, () => { if (dragging) this.mixer.rest(); dragging = false; });
    }
    pad.addEventListener('keydown', (event) => {
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const step = steps[event.key];
      const corner = Number(event.key);
      if (step) {
        const { x, y } = this.space.at(this.shares);
        this.mixer.change(this.space.shares({ x: x + step[0] * PAD_KEY_STEP, y: y + step[1] * PAD_KEY_STEP }));
      } else if (corner >= 1 && corner <= this.labels.length) this.mixer.change(unit(this.labels.length, corner - 1));
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => { if (!this.parts.pad.hidden && this.shares) this.drawPad(); }).observe(pad);
  }

  get frame() {
    const edge = 16;
    return { edge, width: this.pad.clientWidth - 2 * edge, height: this.pad.clientHeight - 2 * edge };
  }

  inside(x, y) {
    const { edge, width, height } = this.frame;
    return { x: (x - edge) / width, y: (y - edge) / height };
  }

  outside({ x, y }) {
    const { edge, width, height } = this.frame;
    return [edge + x * width, edge + y * height];
  }

  drawPad() {
    const { pad, space } = this;
    const ratio = window.devicePixelRatio || 1;
    pad.width = pad.clientWidth * ratio;
    pad.height = pad.clientHeight * ratio;
    const context = pad.getContext('2d');
    context.scale(ratio, ratio);
    const style = getComputedStyle(pad);
    const corners = this.labels.map((_, index) => this.outside(space.at(unit(this.labels.length, index))));
    const outline = space.kind === 'square' ? [0, 1, 3, 2] : [0, 1, 2];
    context.beginPath();
    for (const index of outline) context.lineTo(...corners[index]);
    context.closePath();
    context.fillStyle = style.getPropertyValue('--background-fill-secondary');
    context.strokeStyle = style.getPropertyValue('--border-color-primary');
    context.lineWidth = 1.5;
    context.fill();
    context.stroke();
    corners.forEach(([x, y], index) => this.dot(context, x, y, 7, colourOf(index)));
    this.dot(context, ...this.outside(space.at(this.shares)), 10, style.getPropertyValue('--background-fill-primary'), style.getPropertyValue('--body-text-color'));
    const words = percents(this.shares).map((text, index) => `${text} ${this.labels[index]}`).join(', ');
    pad.setAttribute('aria-valuetext', words);
  }

  dot(context, x, y, radius, fill, ring) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    if (!ring) return;
    context.strokeStyle = ring;
    context.lineWidth = 2.5;
    context.stroke();
  }
}
