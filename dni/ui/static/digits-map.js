// The feature map: digits of MNIST (circles) and MNIST-M (crosses) at positions from -1 to 1 on fixed axes.

const MARK = 3.6;
const MAP_MARGIN = 10;

class FeatureMap {
  constructor(canvas, redraw) {
    this.surface = new Surface(canvas, redraw);
    this.labels = [[], []];
    this.byClass = false;
  }

  // positions: (2, n, 2) in a row.
  draw(positions) {
    const context = this.surface.clear();
    if (!context) return;
    const { width, height } = this.surface;
    const spread = { x: width / 2 - MAP_MARGIN, y: height / 2 - MAP_MARGIN };
    const each = positions.length / 4;
    context.lineWidth = 1.8;
    // In turn, so that neither domain covers the other.
    for (let n = 0; n < 2 * each; n++) {
      const [domain, digit] = [n % 2, n >> 1];
      const from = 2 * (domain * each + digit);
      const x = width / 2 + positions[from] * spread.x;
      const y = height / 2 - positions[from + 1] * spread.y;
      this.mark(context, domain, x, y, palette[this.byClass ? CLASS_COLOURS[this.labels[domain][digit]] : DOMAIN_COLOURS[domain]]);
    }
  }

  mark(context, domain, x, y, colour) {
    context.beginPath();
    if (domain === 0) {
      context.fillStyle = colour;
      context.arc(x, y, MARK, 0, 2 * Math.PI);
      context.fill();
      return;
    }
    context.strokeStyle = colour;
    context.moveTo(x - MARK, y - MARK); context.lineTo(x + MARK, y + MARK);
    context.moveTo(x + MARK, y - MARK); context.lineTo(x - MARK, y + MARK);
    context.stroke();
  }
}

function mapLegend(list, byClass, titles) {
  const marks = titles.map((name, domain) => ({
    name, colour: byClass ? '--ink' : DOMAIN_COLOURS[domain], mark: domain ? 'cross' : 'circle',
  }));
  const classes = CLASS_COLOURS.map((colour, digit) => ({ name: String(digit), colour, mark: 'line' }));
  makeLegend(list, byClass ? [...marks, ...classes] : marks);
}
