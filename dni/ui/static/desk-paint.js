// The mask: where how much of the mix applies. Outside of it is the first end. Painted on a canvas of its own
// over the whole picture, and composed with the frames in the browser until the server's exact picture comes.

const MASK_SIDE = 512;
const MAX_UNDO = 12;
const MAX_DABS = 200;

class Mask {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
    this.on = false;
    this.undoable = [];
    this.version = 0;
    this.whole = 0;     // the version that last changed all of it
    this.dabs = [];     // what changed since: { version, box }, in pixels of the picture
  }

  // A new picture: nothing is masked.
  open(scene) {
    const fit = Math.min(1, MASK_SIDE / Math.max(scene.width, scene.height));
    this.canvas.width = Math.max(1, Math.round(scene.width * fit));
    this.canvas.height = Math.max(1, Math.round(scene.height * fit));
    this.scene = scene;
    this.on = false;
    this.undoable = [];
    this.fill(0);
  }

  // Pixels of the mask for a pixel of the picture, across and down: a mask has any size.
  get units() { return [this.canvas.width / this.scene.width, this.canvas.height / this.scene.height]; }

  // All of it changed, or only inside a box.
  changed(box = null) {
    this.version += 1;
    this.tinted = null;
    if (box && this.dabs.length < MAX_DABS) { this.dabs.push({ version: this.version, box }); return; }
    this.whole = this.version;
    this.dabs = [];
  }

  // The box that holds all changes since a version; null if that is everything.
  since(version) {
    const boxes = this.dabs.filter((dab) => dab.version > version).map((dab) => dab.box);
    if (version < this.whole || !boxes.length) return null;
    const most = (side) => Math.max(...boxes.map((box) => box[side]));
    const least = (side) => Math.min(...boxes.map((box) => box[side]));
    return { left: least('left'), top: least('top'), right: most('right'), bottom: most('bottom') };
  }

  remember() {
    this.undoable.push(this.bytes());
    if (this.undoable.length > MAX_UNDO) this.undoable.shift();
  }

  bytes() { return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height); }

  undo() {
    const last = this.undoable.pop();
    if (!last) return false;
    [this.canvas.width, this.canvas.height] = [last.width, last.height];
    this.context.putImageData(last, 0, 0);
    this.changed();
    return true;
  }

  fill(value) {
    const level = Math.round(value * 255);
    this.context.globalCompositeOperation = 'source-over';
    this.context.fillStyle = `rgb(${level}, ${level}, ${level})`;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.changed();
  }

  invert() {
    const image = this.bytes();
    for (let i = 0; i < image.data.length; i += 4) {
      image.data[i] = image.data[i + 1] = image.data[i + 2] = 255 - image.data[i];
    }
    this.context.putImageData(image, 0, 0);
    this.changed();
  }

  // From any picture: its brightness, stretched over the whole picture.
  async read(blob) {
    const bitmap = await createImageBitmap(blob);
    this.remember();
    this.context.globalCompositeOperation = 'source-over';
    this.context.filter = 'grayscale(1)';
    this.context.fillStyle = '#000';
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
    this.context.filter = 'none';
    bitmap.close();
    this.changed();
  }

  // A mask as it is, at its own size.
  async take(blob) {
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none' });
    this.remember();
    [this.canvas.width, this.canvas.height] = [bitmap.width, bitmap.height];
    this.context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.changed();
  }

  // One dab of the brush at a pixel of the input picture; where dabs meet, the stronger stays.
  dab({ x, y, radius, softness, strength, erase }) {
    const [across, down] = this.units;
    const r = Math.max(0.5 / across, radius);
    // A gradient between two equal circles would paint nothing.
    const gradient = this.context.createRadialGradient(x, y, r * Math.min(0.99, 1 - softness), x, y, r);
    const [middle, edge] = erase ? [255 * (1 - strength), 255] : [255 * strength, 0];
    gradient.addColorStop(0, `rgb(${middle}, ${middle}, ${middle})`);
    gradient.addColorStop(1, `rgb(${edge}, ${edge}, ${edge})`);
    this.context.globalCompositeOperation = erase ? 'darken' : 'lighten';
    this.context.fillStyle = gradient;
    this.context.setTransform(across, 0, 0, down, 0, 0);
    this.context.beginPath();
    this.context.arc(x, y, r, 0, 2 * Math.PI);
    this.context.fill();
    this.context.resetTransform();
    this.context.globalCompositeOperation = 'source-over';
    // Enlarged, a pixel of the mask reaches to its neighbours.
    const [beside, above] = [r + 2 / across, r + 2 / down];
    this.changed({ left: x - beside, top: y - above, right: x + beside, bottom: y + above });
  }

  async png() {
    const blob = await this.canvas.convertToBlob({ type: 'image/png' });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  }

  // The mask as a red veil, for showing where it is.
  get veil() {
    if (!this.tinted) {
      const image = this.bytes();
      for (let i = 0; i < image.data.length; i += 4) {
        image.data[i + 3] = image.data[i];
        image.data[i] = 255; image.data[i + 1] = 30; image.data[i + 2] = 60;
      }
      this.tinted = new OffscreenCanvas(this.canvas.width, this.canvas.height);
      this.tinted.getContext('2d').putImageData(image, 0, 0);
    }
    return this.tinted;
  }

  // The mask's values over a region, bilinearly enlarged to the frame's size: one byte in four, of a part.
  over(region, { width, height }, part) {
    const context = new OffscreenCanvas(part.width, part.height).getContext('2d', { willReadFrequently: true });
    context.imageSmoothingQuality = 'low';  // bilinear
    const [across, down] = this.units;
    context.drawImage(
      this.canvas, region.left * across, region.top * down, region.width * across, region.height * down,
      -part.left, -part.top, width, height,
    );
    return context.getImageData(0, 0, part.width, part.height).data;
  }
}

// A painted picture of two ends out of the board's frames: at every pixel the two frames that are nearest to
// alpha times the mask, cross-faded. Null while a frame is missing.
class PaintedPreview {
  compose(board, mask, alpha) {
    const same = this.board === board && this.alpha === alpha;
    if (same && this.version === mask.version) return this.canvas;
    if (board.space.kind !== 'line' || alpha < 0 || alpha > 1) return null;
    const top = cell(alpha, LINE_STEPS);
    const frames = [];
    for (let i = 0; i <= top.low + 1; i++) frames.push(board.bytes(board.space.nodes[i]));
    if (frames.some((frame) => !frame)) return null;
    const [first] = frames;
    if (!same) {
      this.canvas = new OffscreenCanvas(first.width, first.height);
      this.result = new ImageData(first.width, first.height);
    }
    const part = inFrame(same ? mask.since(this.version) : null, board.region, first);
    if (part.width > 0 && part.height > 0) {
      const levels = mask.over(board.region, first, part);
      this.mix(part, frames.map((frame) => frame.data), levels, alpha * LINE_STEPS / 255);
      this.canvas.getContext('2d').putImageData(this.result, 0, 0, part.left, part.top, part.width, part.height);
    }
    Object.assign(this, { board, alpha, version: mask.version });
    return this.canvas;
  }

  // The part's pixels, row by row; what is not painted is the first frame.
  mix(part, frames, levels, scale) {
    const { data, width } = this.result;
    const last = frames.length - 2;
    for (let row = 0; row < part.height; row++) {
      const start = 4 * ((part.top + row) * width + part.left);
      data.set(frames[0].subarray(start, start + 4 * part.width), start);
      const ahead = start - 4 * row * part.width;  // from a byte of the part to the picture's
      for (let j = 4 * row * part.width; j < 4 * (row + 1) * part.width; j += 4) {
        if (!levels[j]) continue;
        const i = ahead + j;
        const at = levels[j] * scale;
        const low = Math.min(last, at | 0);
        const between = at - low;
        const [below, above] = [frames[low], frames[low + 1]];
        data[i] = below[i] + between * (above[i] - below[i]);
        data[i + 1] = below[i + 1] + between * (above[i + 1] - below[i + 1]);
        data[i + 2] = below[i + 2] + between * (above[i + 2] - below[i + 2]);
      }
    }
  }
}

// The pixels of a frame of a region that a box of the picture touches, or all of them.
function inFrame(box, region, { width, height }) {
  if (!box) return { left: 0, top: 0, width, height };
  const [across, down] = [width / region.width, height / region.height];
  const left = Math.max(0, Math.floor((box.left - region.left) * across));
  const top = Math.max(0, Math.floor((box.top - region.top) * down));
  const right = Math.min(width, Math.ceil((box.right - region.left) * across));
  const bottom = Math.min(height, Math.ceil((box.bottom - region.top) * down));
  return { left, top, width: right - left, height: bottom - top };
}
