// Lines over 0 to 1, each with its own colour and dash, and a marker that follows a slider.

const CHART_LEFT = 44;
const CHART_RIGHT = 10;
const CHART_TOP = 8;
const CHART_BOTTOM = 22;

class Chart {
  // lines: { name, colour, dash }; ticks: what is written below the axis, as [x, text]; pick(x) on a click or drag.
  constructor(canvas, { lines, ticks, pick, redraw }) {
    this.canvas = canvas;
    this.lines = lines;
    this.ticks = ticks;
    this.xs = [];
    this.rows = [];
    this.note = 'measuring…';
    this.surface = new Surface(canvas, redraw);
    if (pick) this.attach(pick);
  }

  attach(pick) {
    const { canvas } = this;
    const go = (event) => {
      const box = canvas.getBoundingClientRect();
      const share = (event.clientX - box.left - CHART_LEFT) / (box.width - CHART_LEFT - CHART_RIGHT);
      pick(Math.min(1, Math.max(0, share)));
    };
    canvas.classList.add('pickable');
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button > 0) return;
      canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    canvas.addEventListener('pointermove', (event) => { if (canvas.hasPointerCapture(event.pointerId)) go(event); });
  }

  // rows: for each line its values (0 to 1) at xs.
  open(xs, rows) {
    this.xs = xs;
    this.rows = rows;
  }

  x(share) { return CHART_LEFT + share * (this.surface.width - CHART_LEFT - CHART_RIGHT); }
  y(share) { return CHART_TOP + (1 - share) * (this.surface.height - CHART_TOP - CHART_BOTTOM); }

  draw(marker) {
    const context = this.surface.clear();
    if (!context) return;
    this.drawAxes(context);
    this.rows.forEach((row, n) => this.drawLine(context, this.lines[n], row));
    if (this.rows.length) this.drawMarker(context, marker);
    else this.drawNote(context);
  }

  drawAxes(context) {
    context.font = `12px ${FONT}`;
    context.lineWidth = 1;
    context.strokeStyle = palette['--rule'];
    context.fillStyle = palette['--soft'];
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const y = Math.round(this.y(share)) + 0.5;
      context.beginPath();
      context.moveTo(this.x(0), y);
      context.lineTo(this.x(1), y);
      context.stroke();
      if (share % 0.5 === 0) context.fillText(percent(share), this.x(0) - 6, y);
    }
    context.textBaseline = 'bottom';
    for (const [at, text] of this.ticks) {
      context.textAlign = at === 0 ? 'left' : at === 1 ? 'right' : 'center';
      context.fillText(text, this.x(at), this.surface.height);
    }
    context.textAlign = 'left';
  }

  drawNote(context) {
    context.fillStyle = palette['--soft'];
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.font = `14px ${FONT}`;
    context.fillText(this.note, this.x(0.5), this.y(0.625));
    context.textAlign = 'left';
  }

  drawLine(context, { colour, dash }, row) {
    context.strokeStyle = palette[colour];
    context.lineWidth = 2.2;
    context.lineJoin = 'round';
    context.setLineDash(dash);
    context.beginPath();
    row.forEach((value, index) => context.lineTo(this.x(this.xs[index]), this.y(value)));
    context.stroke();
    context.setLineDash([]);
  }

  drawMarker(context, marker) {
    context.strokeStyle = palette['--ink'];
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(this.x(marker), CHART_TOP);
    context.lineTo(this.x(marker), this.y(0));
    context.stroke();
    this.rows.forEach((row, n) => {
      context.fillStyle = palette[this.lines[n].colour];
      context.beginPath();
      context.arc(this.x(marker), this.y(new Series(this.xs, row).at(marker)[0]), 4, 0, 2 * Math.PI);
      context.fill();
    });
  }
}
