// The mask: where how much of the mix applies. Outside of it is the first end. Painted on a canvas of its own
// over the whole picture, and composed with the frames in the browser until the server's exact picture comes.

const MASK_SIDE = 512;
const MAX_UNDO = 12;

class Mask {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
    this.on = false;
    this.undoable = [];
    this.version = 0;
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

  changed() { this.version += 1; this.tinted = null; }

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
    this.changed();
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

  // The mask's values over a region, bilinearly enlarged to the frame's size: one byte in four.
  over(region, width, height) {
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.imageSmoothingQuality = 'low';  // bilinear
    const [across, down] = this.units;
    context.drawImage(
      this.canvas, region.left * across, region.top * down, region.width * across, region.height * down,
      0, 0, width, height,
    );
    return context.getImageData(0, 0, width, height).data;
  }
}

// A painted picture of two ends out of the board's frames: at every pixel the two frames that are nearest to
// alpha times the mask, cross-faded. Null while a frame is missing.
class PaintedPreview {
  compose(board, mask, alpha) {
    const mark = `${mask.version} ${alpha}`;
    if (this.board === board && this.mark === mark) return this.canvas;
    if (board.space.kind !== 'line' || alpha < 0 || alpha > 1) return null;
    const top = cell(alpha, LINE_STEPS);
    const frames = [];
    for (let i = 0; i <= top.low + 1; i++) frames.push(board.bytes(board.space.nodes[i]));
    if (frames.some((frame) => !frame)) return null;
    const { width, height } = frames[0];
    this.canvas = new OffscreenCanvas(width, height);
    const result = new ImageData(width, height);
    const levels = mask.over(board.region, width, height);
    this.mix(result.data, frames.map((frame) => frame.data), levels, alpha * LINE_STEPS / 255);
    this.canvas.getContext('2d').putImageData(result, 0, 0);
    this.board = board;
    this.mark = mark;
    return this.canvas;
  }

  mix(result, frames, levels, scale) {
    const last = frames.length - 2;
    for (let i = 0; i < result.length; i += 4) {
      const at = levels[i] * scale;
      const low = Math.min(last, at | 0);
      const part = at - low;
      const [below, above] = [frames[low], frames[low + 1]];
      result[i] = below[i] + part * (above[i] - below[i]);
      result[i + 1] = below[i + 1] + part * (above[i + 1] - below[i + 1]);
      result[i + 2] = below[i + 2] + part * (above[i + 2] - below[i + 2]);
      result[i + 3] = 255;
    }
  }
}
