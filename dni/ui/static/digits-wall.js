// A wall: forty digits of one domain, what each is taken for and how surely, and the details of one of them.

const COLUMNS = 8;
const ROWS = WALL / COLUMNS;
const LABEL = 15;
const GAP = 3;

class Wall {
  constructor(parent, domain, redraw) {
    this.domain = domain;
    this.shares = null;
    this.labels = [];
    this.picked = -1;
    this.build(parent);
    this.tiles = document.createElement('canvas');
    this.tiles.width = COLUMNS * DIGIT;
    this.tiles.height = ROWS * DIGIT;
    this.surface = new Surface(this.canvas, () => { this.layOut(); redraw(); });
    this.attach(redraw);
  }

  build(parent) {
    this.card = document.createElement('section');
    this.card.className = 'panel wall';
    this.card.innerHTML = '<header><h3></h3><p class="note"></p></header><canvas tabindex="0" role="img"></canvas>'
      + '<p class="tally"></p><div class="peek" hidden><p role="status"></p><ul class="bars"></ul></div>';
    parent.append(this.card);
    const part = (selector) => this.card.querySelector(selector);
    [this.title, this.note, this.canvas, this.tally, this.peek] = ['h3', '.note', 'canvas', '.tally', '.peek'].map(part);
    this.said = part('.peek p');
    this.bars = new Bars(part('.bars'));
  }

  open({ title, note, labels, held, pixels }) {
    this.title.textContent = title;
    this.note.textContent = note;
    this.labels = labels;
    this.held = held.toLocaleString('en');
    this.canvas.setAttribute('aria-label', `${title}: ${WALL} digits and what they are read as; arrow keys for details`);
    const context = this.tiles.getContext('2d');
    for (let n = 0; n < WALL; n++) {
      const tile = imageOf(context, pixels, 3 * n * DIGIT * DIGIT);
      context.putImageData(tile, (n % COLUMNS) * DIGIT, Math.floor(n / COLUMNS) * DIGIT);
    }
  }

  // Whole screen pixels for a digit's pixel where that fills the cell well enough.
  layOut() {
    const { surface } = this;
    this.cell = { width: surface.width / COLUMNS, height: surface.height / ROWS };
    const room = Math.min(this.cell.width, this.cell.height - LABEL) - 2 * GAP;
    const whole = Math.floor(room * surface.ratio / DIGIT) * DIGIT / surface.ratio;
    this.side = whole > 0.82 * room ? whole : room;
  }

  place(n) {
    const snap = (value) => Math.round(value * this.surface.ratio) / this.surface.ratio;
    const x = (n % COLUMNS) * this.cell.width + (this.cell.width - this.side) / 2;
    const y = Math.floor(n / COLUMNS) * this.cell.height + (this.cell.height - this.side - LABEL) / 2;
    return { x: snap(x), y: snap(y) };
  }

  // accuracy: on the held-out digits, as text.
  draw(shares, accuracy) {
    this.shares = shares;
    const context = this.surface.clear();
    let right = 0;
    if (context) {
      context.imageSmoothingEnabled = false;
      context.font = `600 13px ${FONT}`;
      context.textBaseline = 'middle';
    }
    for (let n = 0; n < WALL; n++) {
      const answer = best(shares, n * CLASSES);
      const wrong = answer !== this.labels[n];
      if (!wrong) right += 1;
      if (context) this.drawDigit(context, n, answer, wrong, shares[n * CLASSES + answer]);
    }
    this.tally.textContent = `${this.held} held-out digits: ${accuracy} read rightly · of these ${WALL}: ${right}`;
    if (this.picked >= 0) this.showPeek();
  }

  drawDigit(context, n, answer, wrong, confidence) {
    const { side } = this;
    const { x, y } = this.place(n);
    context.drawImage(
      this.tiles, (n % COLUMNS) * DIGIT, Math.floor(n / COLUMNS) * DIGIT, DIGIT, DIGIT, x, y, side, side,
    );
    const colour = wrong ? palette['--wrong'] : palette['--ink'];
    const middle = y + side + LABEL / 2 + 1.5;
    context.fillStyle = colour;
    context.fillText(answer, x, middle);
    context.fillStyle = palette['--rule'];
    context.fillRect(x + 12, middle - 2.5, side - 12, 4);
    context.fillStyle = colour;
    context.fillRect(x + 12, middle - 2.5, (side - 12) * confidence, 4);
    if (wrong) this.drawCross(context, x, y);
    if (n === this.picked) {
      context.strokeStyle = palette['--ink'];
      context.lineWidth = 1.5;
      context.strokeRect(x - 3, y - 3, side + 6, side + LABEL + 5);
    }
  }

  drawCross(context, x, y) {
    const { side } = this;
    const arm = side / 6;
    context.strokeStyle = palette['--wrong'];
    context.lineWidth = 2.5;
    context.strokeRect(x - 0.5, y - 0.5, side + 1, side + 1);
    context.fillStyle = palette['--wrong'];
    context.fillRect(x + side - 2 * arm - 1, y - 0.5, 2 * arm + 1.5, 2 * arm + 1.5);
    context.strokeStyle = '#fff';
    context.lineWidth = 1.8;
    const [left, right, top, bottom] = [x + side - 1.5 * arm - 0.5, x + side - 0.5 * arm + 0.5, y + 0.5 * arm, y + 1.5 * arm];
    context.beginPath();
    context.moveTo(left, top); context.lineTo(right, bottom);
    context.moveTo(right, top); context.lineTo(left, bottom);
    context.stroke();
  }

  // ---- one digit's details: by mouse, finger, or the arrow keys

  attach(redraw) {
    const { canvas } = this;
    const pick = (n) => { if (n !== this.picked) { this.picked = n; this.peek.hidden = n < 0; redraw(); } };
    const under = (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left) / box.width * COLUMNS);
      const row = Math.floor((event.clientY - box.top) / box.height * ROWS);
      return column < 0 || column >= COLUMNS || row < 0 || row >= ROWS ? -1 : row * COLUMNS + column;
    };
    canvas.addEventListener('pointermove', (event) => { if (event.pointerType === 'mouse') pick(under(event)); });
    canvas.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') pick(-1); });
    canvas.addEventListener('click', (event) => {
      if (event.pointerType !== 'mouse') pick(under(event) === this.picked ? -1 : under(event));
    });
    canvas.addEventListener('blur', () => pick(-1));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };
    canvas.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { pick(-1); return; }
      const step = steps[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const next = this.picked < 0 ? 0 : this.picked + step;
      if (next >= 0 && next < WALL) pick(next);
    });
  }

  showPeek() {
    const { peek, picked, shares } = this;
    if (!shares || !this.cell) return;
    const offset = picked * CLASSES;
    const answer = best(shares, offset);
    this.said.textContent = `A ${this.labels[picked]}, read as ${answer} (${percent(shares[offset + answer])})`;
    this.bars.show(shares, offset);
    const { x, y } = this.place(picked);
    const left = this.canvas.offsetLeft + x + this.side / 2 - peek.offsetWidth / 2;
    const most = this.canvas.offsetLeft + this.canvas.offsetWidth - peek.offsetWidth;
    const below = this.canvas.offsetTop + y + this.side + LABEL + 6;
    const isLow = Math.floor(picked / COLUMNS) >= ROWS / 2;
    peek.style.left = `${Math.max(this.canvas.offsetLeft, Math.min(most, left))}px`;
    peek.style.top = `${isLow ? this.canvas.offsetTop + y - peek.offsetHeight - 6 : below}px`;
  }
}
