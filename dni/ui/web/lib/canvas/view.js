// @ts-check
// Where the picture lies on the canvas: zoom and pan, and which region is worth rendering.
// Output pixels are those of the enlarged picture; input pixels those of the picture given.

/** @typedef {import('../protocol.js').Region} Region */
/** @typedef {Pick<import('../protocol.js').Scene, 'width' | 'height' | 'scale' | 'live_pixels'>} Picture */
/** @typedef {{ x: number, y: number, width: number, height: number }} Box in device pixels of the canvas */

const MAX_ZOOM = 16;
// "Fit" enlarges a picture that is smaller than the canvas, up to this many screen pixels for one of its own.
const MAX_FIT = 1.5;
// A picture that is a little larger than the budget is live as a whole too: a frame is slower, but nothing is cut.
const WHOLE_SLACK = 1.5;

export class View {
  constructor() {
    /** @type {Picture | null} */
    this.picture = null;
    /** The canvas in CSS pixels; known here, so that drawing asks for no layout. */
    this.width = 0;
    this.height = 0;
    /** Device pixels for a CSS pixel. */
    this.ratio = 1;
    /** CSS pixels for an output pixel. */
    this.zoom = 1;
    /** The output pixel in the middle of the canvas. */
    this.x = 0;
    this.y = 0;
    /** Whether the zoom follows the canvas. */
    this.fitted = true;
  }

  /** The picture, once there is one. */
  get shown() {
    if (!this.picture) throw new Error('Expected a picture in the view');
    return this.picture;
  }

  get deviceWidth() { return Math.round(this.width * this.ratio); }
  get deviceHeight() { return Math.round(this.height * this.ratio); }
  get pictureWidth() { return this.shown.width * this.shown.scale; }
  get pictureHeight() { return this.shown.height * this.shown.scale; }
  get fitZoom() { return Math.min(this.width / this.pictureWidth, this.height / this.pictureHeight); }
  /** Whether all of the picture can be seen. */
  get showsAll() { return sameRegion(this.visible(), this.everything); }
  /** Whether the whole picture is cheap enough to be live. */
  get whole() { return this.shown.width * this.shown.height <= WHOLE_SLACK * this.shown.live_pixels; }
  /** @returns {Region} */
  get everything() { return { left: 0, top: 0, width: this.shown.width, height: this.shown.height }; }

  /** @param {Picture} picture */
  open(picture) {
    this.picture = picture;
    this.fit();
  }

  /**
   * @param {number} width in CSS pixels
   * @param {number} height
   * @param {number} ratio device pixels for a CSS pixel
   */
  resize(width, height, ratio) {
    Object.assign(this, { width, height, ratio });
    if (!this.picture) return;
    if (this.fitted) this.fit(); else this.clamp();
  }

  fit() {
    this.zoom = Math.min(this.fitZoom, Math.max(1, MAX_FIT / this.ratio));
    this.x = this.pictureWidth / 2;
    this.y = this.pictureHeight / 2;
    this.fitted = true;
  }

  /**
   * A part of the picture, as large as the canvas allows.
   * @param {Region} region
   */
  show({ left, top, width, height }) {
    const { scale } = this.shown;
    this.zoom = Math.min(MAX_ZOOM, this.width / (width * scale), this.height / (height * scale));
    this.x = (left + width / 2) * scale;
    this.y = (top + height / 2) * scale;
    this.fitted = false;
    this.clamp();
  }

  /**
   * One output pixel on one device pixel.
   * @param {{ x: number, y: number } | null} [at] the point that stays where it is, in CSS pixels; by default the middle
   */
  actual(at = null) {
    const isCentred = this.fitted && !at;
    const { x, y } = at ?? { x: this.width / 2, y: this.height / 2 };
    this.zoomAt(x, y, 1 / this.ratio / this.zoom);
    if (isCentred) this.centre(this.pictureWidth / 2, this.pictureHeight / 2);
  }

  /**
   * Bring an output pixel to the middle of the canvas, as far as the picture's edges allow.
   * @param {number} x
   * @param {number} y
   */
  centre(x, y) {
    Object.assign(this, { x, y });
    this.clamp();
  }

  /**
   * @param {number} screenX the point that stays where it is, in CSS pixels
   * @param {number} screenY
   * @param {number} factor
   */
  zoomAt(screenX, screenY, factor) {
    const smallest = Math.min(this.fitZoom, 1 / this.ratio);
    const zoom = Math.min(MAX_ZOOM, Math.max(smallest, this.zoom * factor));
    this.x += (screenX - this.width / 2) * (1 / this.zoom - 1 / zoom);
    this.y += (screenY - this.height / 2) * (1 / this.zoom - 1 / zoom);
    this.zoom = zoom;
    this.fitted = false;
    this.clamp();
  }

  /**
   * @param {number} dx in CSS pixels
   * @param {number} dy
   */
  pan(dx, dy) {
    this.x -= dx / this.zoom;
    this.y -= dy / this.zoom;
    this.clamp();
  }

  /** The picture never leaves the canvas; what is smaller than the canvas is centred. */
  clamp() {
    this.x = held(this.x, this.width / this.zoom / 2, this.pictureWidth);
    this.y = held(this.y, this.height / this.zoom / 2, this.pictureHeight);
  }

  /**
   * A region on the canvas, in whole device pixels, so that 1:1 stays sharp and regions side by side leave no gap.
   * @param {Region} region
   * @returns {Box}
   */
  place(region) {
    const unit = this.zoom * this.ratio;
    const { scale } = this.shown;
    /** @param {number} column */
    const across = (column) => Math.round(this.deviceWidth / 2 + (column * scale - this.x) * unit);
    /** @param {number} row */
    const down = (row) => Math.round(this.deviceHeight / 2 + (row * scale - this.y) * unit);
    const [x, y] = [across(region.left), down(region.top)];
    return { x, y, width: across(region.left + region.width) - x, height: down(region.top + region.height) - y };
  }

  /**
   * The input pixel under a point of the canvas, with fractions.
   * @param {{ x: number, y: number }} point in CSS pixels
   */
  inputPoint({ x, y }) {
    const { scale } = this.shown;
    return {
      x: (this.x + (x - this.width / 2) / this.zoom) / scale,
      y: (this.y + (y - this.height / 2) / this.zoom) / scale,
    };
  }

  /** Where the picture's left and right edges are on the canvas, as far as they can be seen, in CSS pixels. */
  get edges() {
    const half = this.pictureWidth / 2;
    /** @param {number} edge */
    const at = (edge) => Math.min(this.width, Math.max(0, this.width / 2 + (half + edge - this.x) * this.zoom));
    return { left: at(-half), right: at(half) };
  }

  /**
   * The divider of the comparison runs over what is seen of the picture: 0 at its left edge, 1 at its right.
   * @param {number} fraction
   */
  dividerAt(fraction) {
    const { left, right } = this.edges;
    return left + fraction * (right - left);
  }

  /** @param {number} x in CSS pixels */
  fractionAt(x) {
    const { left, right } = this.edges;
    return Math.min(1, Math.max(0, (x - left) / Math.max(1, right - left)));
  }

  /**
   * The input pixels that can be seen.
   * @returns {Region}
   */
  visible() {
    const { width: across, height: down, scale } = this.shown;
    const unit = this.zoom * scale;
    const [left, width] = seen(this.x / scale, this.width / unit / 2, across);
    const [top, height] = seen(this.y / scale, this.height / unit / 2, down);
    return { left, top, width, height };
  }

  /**
   * The region to render: all of a small picture; of a large one what is seen, within the budget.
   * @param {Region | null | undefined} current kept while it holds all that is seen
   * @returns {Region}
   */
  region(current) {
    if (this.whole) return this.everything;
    const part = this.visible();
    if (current && contains(current, part)) return current;
    const stretch = Math.sqrt(this.shown.live_pixels / (part.width * part.height));
    const [left, width] = stretched(part.left, part.width, stretch, this.shown.width);
    const [top, height] = stretched(part.top, part.height, stretch, this.shown.height);
    return { left, top, width, height };
  }
}

/**
 * @param {number} at
 * @param {number} half of what the canvas shows
 * @param {number} picture
 */
function held(at, half, picture) {
  return 2 * half >= picture ? picture / 2 : Math.min(picture - half, Math.max(half, at));
}

/**
 * @param {number} middle
 * @param {number} half
 * @param {number} picture
 * @returns {[start: number, length: number]}
 */
function seen(middle, half, picture) {
  const start = Math.max(0, Math.floor(middle - half));
  const stop = Math.min(picture, Math.ceil(middle + half));
  return [start, Math.max(1, stop - start)];
}

/**
 * @param {number} start
 * @param {number} size
 * @param {number} stretch
 * @param {number} picture
 * @returns {[start: number, length: number]}
 */
function stretched(start, size, stretch, picture) {
  const length = Math.max(1, Math.min(picture, Math.floor(size * stretch)));
  const wanted = Math.round(start + size / 2 - length / 2);
  return [Math.min(picture - length, Math.max(0, wanted)), length];
}

/**
 * @param {Region} outer
 * @param {Region} inner
 */
export function contains(outer, inner) {
  return outer.left <= inner.left && outer.top <= inner.top
    && outer.left + outer.width >= inner.left + inner.width
    && outer.top + outer.height >= inner.top + inner.height;
}

/**
 * @param {Region} one
 * @param {Region} other
 */
export function sameRegion(one, other) {
  return one.left === other.left && one.top === other.top
    && one.width === other.width && one.height === other.height;
}
