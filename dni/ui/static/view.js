// Where the picture lies on the canvas: zoom and pan, and which region is worth rendering.
// Output pixels are those of the enlarged picture; input pixels those of the picture given.

const MAX_ZOOM = 16;
// "Fit" enlarges a picture that is smaller than the canvas, up to this many screen pixels for one of its own.
const MAX_FIT = 1.5;

class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.scene = null;
    this.zoom = 1;  // CSS pixels for an output pixel
    this.x = 0;     // the output pixel in the middle of the canvas
    this.y = 0;
    this.fitted = true;
  }

  get width() { return this.canvas.clientWidth; }
  get height() { return this.canvas.clientHeight; }
  get ratio() { return window.devicePixelRatio || 1; }
  get pictureWidth() { return this.scene.width * this.scene.scale; }
  get pictureHeight() { return this.scene.height * this.scene.scale; }
  get fitZoom() { return Math.min(this.width / this.pictureWidth, this.height / this.pictureHeight); }
  // A picture whose whole is cheap enough to be live.
  get whole() { return this.scene.width * this.scene.height <= this.scene.live_pixels; }

  open(scene) {
    this.scene = scene;
    if (this.whole) this.fit(); else this.actual();
  }

  resize() {
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(this.height * this.ratio);
    if (!this.scene) return;
    if (this.fitted) this.fit(); else this.clamp();
  }

  fit() {
    this.zoom = Math.min(this.fitZoom, Math.max(1, MAX_FIT / this.ratio));
    this.x = this.pictureWidth / 2;
    this.y = this.pictureHeight / 2;
    this.fitted = true;
  }

  // A part of the picture, in input pixels, as large as the canvas allows.
  show({ left, top, width, height }) {
    const scale = this.scene.scale;
    this.zoom = Math.min(MAX_ZOOM, this.width / (width * scale), this.height / (height * scale));
    this.x = (left + width / 2) * scale;
    this.y = (top + height / 2) * scale;
    this.fitted = false;
    this.clamp();
  }

  actual() {
    const centred = this.fitted;
    this.zoomAt(this.width / 2, this.height / 2, 1 / this.ratio / this.zoom);
    if (centred) { this.x = this.pictureWidth / 2; this.y = this.pictureHeight / 2; this.clamp(); }
  }

  zoomAt(screenX, screenY, factor) {
    const smallest = Math.min(this.fitZoom, 1 / this.ratio);
    const zoom = Math.min(MAX_ZOOM, Math.max(smallest, this.zoom * factor));
    this.x += (screenX - this.width / 2) * (1 / this.zoom - 1 / zoom);
    this.y += (screenY - this.height / 2) * (1 / this.zoom - 1 / zoom);
    this.zoom = zoom;
    this.fitted = false;
    this.clamp();
  }

  pan(dx, dy) {
    this.x -= dx / this.zoom;
    this.y -= dy / this.zoom;
    this.clamp();
  }

  // The picture never leaves the canvas; what is smaller than the canvas is centred.
  clamp() {
    const hold = (at, screen, picture) => {
      const half = screen / this.zoom / 2;
      return 2 * half >= picture ? picture / 2 : Math.min(picture - half, Math.max(half, at));
    };
    this.x = hold(this.x, this.width, this.pictureWidth);
    this.y = hold(this.y, this.height, this.pictureHeight);
  }

  // A region of input pixels as a rectangle on the canvas, in device pixels, so that 1:1 stays sharp.
  place(region) {
    const unit = this.zoom * this.ratio;
    const scale = this.scene.scale;
    return {
      x: Math.round(this.canvas.width / 2 + (region.left * scale - this.x) * unit),
      y: Math.round(this.canvas.height / 2 + (region.top * scale - this.y) * unit),
      width: Math.round(region.width * scale * unit),
      height: Math.round(region.height * scale * unit),
    };
  }

  // Where the picture's left and right edges are on the canvas, as far as they can be seen, in CSS pixels.
  get edges() {
    const half = this.pictureWidth / 2;
    const at = (edge) => Math.min(this.width, Math.max(0, this.width / 2 + (half + edge - this.x) * this.zoom));
    return { left: at(-half), right: at(half) };
  }

  // The divider of the comparison runs over what is seen of the picture: 0 at its left edge, 1 at its right.
  dividerAt(fraction) {
    const { left, right } = this.edges;
    return left + fraction * (right - left);
  }

  fractionAt(x) {
    const { left, right } = this.edges;
    return Math.min(1, Math.max(0, (x - left) / Math.max(1, right - left)));
  }

  get everything() { return { left: 0, top: 0, width: this.scene.width, height: this.scene.height }; }

  // The input pixels that can be seen.
  visible() {
    const unit = this.zoom * this.scene.scale;
    const cut = (at, screen, picture) => {
      const start = Math.max(0, Math.floor(at / this.scene.scale - screen / unit / 2));
      const stop = Math.min(picture, Math.ceil(at / this.scene.scale + screen / unit / 2));
      return [start, Math.max(1, stop - start)];
    };
    const [left, width] = cut(this.x, this.width, this.scene.width);
    const [top, height] = cut(this.y, this.height, this.scene.height);
    return { left, top, width, height };
  }

  // The region to render: all of a small picture; of a large one what is seen, within the budget.
  region(current) {
    if (this.whole) return this.everything;
    const seen = this.visible();
    if (current && contains(current, seen)) return current;
    const stretch = Math.sqrt(this.scene.live_pixels / (seen.width * seen.height));
    const centre = (start, size, picture) => {
      const length = Math.max(1, Math.min(picture, Math.floor(size * stretch)));
      const wanted = Math.round(start + size / 2 - length / 2);
      return [Math.min(picture - length, Math.max(0, wanted)), length];
    };
    const [left, width] = centre(seen.left, seen.width, this.scene.width);
    const [top, height] = centre(seen.top, seen.height, this.scene.height);
    return { left, top, width, height };
  }
}

const contains = (outer, inner) =>
  outer.left <= inner.left && outer.top <= inner.top &&
  outer.left + outer.width >= inner.left + inner.width &&
  outer.top + outer.height >= inner.top + inner.height;

const sameRegion = (a, b) =>
  a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
