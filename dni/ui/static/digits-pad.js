// The drawing pad: strokes of mouse, finger or pen, and the ink as MNIST has it: 20 by 20, centred by its mass.

const PAD = 280;
const BOX = 20;
const PEN = 22;

class Pad {
  constructor(canvas, inked) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d', { willReadFrequently: true });
    this.colour = '#ffffff';
    this.strokes = [];
    this.inked = inked;
    this.attach();
    this.redraw();
  }

  attach() {
    const { canvas } = this;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      const scale = PAD / box.width;
      const pressure = event.pointerType === 'pen' && event.pressure ? 0.5 + event.pressure : 1;
      return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale, width: PEN * pressure };
    };
    let pointer = null;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button > 0 || pointer !== null) return;
      event.preventDefault();
      pointer = event.pointerId;
      canvas.setPointerCapture(pointer);
      this.strokes.push([at(event)]);
      this.changed();
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerId !== pointer) return;
      const events = event.getCoalescedEvents?.() ?? [];
      this.strokes[this.strokes.length - 1].push(...(events.length ? events : [event]).map(at));
      this.changed();
    });
    for (const name of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(name, (event) => { if (event.pointerId === pointer) pointer = null; });
    }
  }

  changed() {
    this.redraw();
    this.inked();
  }

  clear() {
    this.strokes = [];
    this.changed();
  }

  paint(colour) {
    this.colour = colour;
    this.changed();
  }

  redraw() {
    const { context } = this;
    context.fillStyle = '#000';
    context.fillRect(0, 0, PAD, PAD);
    context.strokeStyle = this.colour;
    this.trace(context);
  }

  trace(context) {
    context.lineCap = 'round';
    context.lineJoin = 'round';
    for (const stroke of this.strokes) {
      stroke.forEach((to, index) => {
        const from = stroke[Math.max(0, index - 1)];
        context.lineWidth = to.width;
        context.beginPath();
        context.moveTo(from.x, from.y);
        context.lineTo(to.x + (index ? 0 : 0.01), to.y);
        context.stroke();
      });
    }
  }

  // 28 by 28 bytes, or null while nothing is drawn.
  ink() {
    if (!this.strokes.length) return null;
    const sheet = new OffscreenCanvas(PAD, PAD);
    const context = sheet.getContext('2d', { willReadFrequently: true });
    context.strokeStyle = '#fff';
    this.trace(context);
    const { data } = context.getImageData(0, 0, PAD, PAD);
    const amounts = new Float32Array(PAD * PAD);
    for (let n = 0; n < amounts.length; n++) amounts[n] = data[4 * n + 3] / 255;
    return centred(amounts);
  }
}

// The rectangle around all ink: { left, top, width, height }; null where there is none.
function boundsOf(amounts) {
  let [left, top, right, bottom] = [PAD, PAD, -1, -1];
  for (let n = 0; n < amounts.length; n++) {
    if (amounts[n] < 0.02) continue;
    const [x, y] = [n % PAD, Math.floor(n / PAD)];
    left = Math.min(left, x); right = Math.max(right, x);
    top = Math.min(top, y); bottom = Math.max(bottom, y);
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

// Scale the ink to 20 pixels on its longer side (each the mean of what it covers), then shift its mass to the middle.
function centred(amounts) {
  const bounds = boundsOf(amounts);
  if (!bounds) return null;
  const scale = Math.max(bounds.width, bounds.height) / BOX;
  const width = Math.max(1, Math.round(bounds.width / scale));
  const height = Math.max(1, Math.round(bounds.height / scale));
  const small = new Float32Array(width * height);
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const amount = mean(amounts, bounds.left + x * scale, bounds.top + y * scale, scale);
      small[y * width + x] = amount;
      mass += amount; massX += amount * (x + 0.5); massY += amount * (y + 0.5);
    }
  }
  const shift = (centre, length) => Math.min(DIGIT - length, Math.max(0, Math.round(DIGIT / 2 - centre)));
  const [left, top] = [shift(massX / mass, width), shift(massY / mass, height)];
  const ink = new Uint8Array(DIGIT * DIGIT);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) ink[(top + y) * DIGIT + left + x] = Math.round(255 * small[y * width + x]);
  }
  return ink;
}

function mean(amounts, left, top, side) {
  const [x0, y0] = [Math.floor(left), Math.floor(top)];
  const [x1, y1] = [Math.min(PAD, Math.max(x0 + 1, Math.round(left + side))), Math.min(PAD, Math.max(y0 + 1, Math.round(top + side)))];
  let sum = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += amounts[y * PAD + x];
  return sum / Math.max(1, (x1 - x0) * (y1 - y0));
}
