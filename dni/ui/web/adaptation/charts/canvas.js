// @ts-check
// What all canvases share: the theme's colours, a backing store as fine as the screen, and digits as pixels.

import { DIGIT_SIDE, NUM_CLASSES } from '../samples/numbers.js';

export const FONT = 'system-ui, sans-serif';
/** Custom properties with the colours of the four domains, and a dash for each. */
export const DOMAIN_COLOURS = ['--d0', '--d1', '--d2', '--d3'];
export const DASHES = [[], [9, 4], [2, 3], [9, 3, 2, 3], [4, 4]];
export const CLASS_COLOURS = Array.from({ length: NUM_CLASSES }, (_, digit) => `--c${digit}`);

export const INK_COLOURS = ['white', 'yellow', 'red', 'green', 'cyan', 'magenta', 'blue'].map((ink) => `--ink-${ink}`);

const COLOURS = [
  ...['--dni-ink', '--dni-soft-ink', '--dni-rule', '--dni-wrong', '--d4'], ...DOMAIN_COLOURS, ...CLASS_COLOURS, ...INK_COLOURS,
];

/** The custom properties for colours, as canvases need them. */
export class Palette {
  /** @type {Map<string, string>} */
  #colours = new Map();

  /** @param {HTMLElement} element Where the custom properties hold. */
  constructor(element) {
    this.element = element;
    this.read();
  }

  /** Read them again, after a change of theme. */
  read() {
    const style = getComputedStyle(this.element);
    for (const name of COLOURS) this.#colours.set(name, style.getPropertyValue(name).trim());
  }

  /** @param {string} name Of the custom property. */
  get(name) {
    return this.#colours.get(name) ?? '';
  }
}

/**
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function contextOf(canvas, settings) {
  const context = canvas.getContext('2d', settings);
  if (!context) throw new Error('Expected a canvas that can be drawn on, but the browser has none.');
  return /** @type {CanvasRenderingContext2D} */ (context);
}

/** A canvas in CSS pixels. Nothing is drawn while it is off the screen, or in a tab or box that is closed. */
export class Surface {
  width = 0;
  height = 0;
  #isSeen = false;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onShow Called when it comes into view, and when its size changes.
   */
  constructor(canvas, onShow) {
    this.canvas = canvas;
    this.context = contextOf(canvas);
    new ResizeObserver(() => {
      if (!canvas.clientWidth) return;
      this.#resize();
      onShow();
    }).observe(canvas);
    const watchView = (/** @type {IntersectionObserverEntry[]} */ entries) => {
      this.#isSeen = entries[entries.length - 1].isIntersecting;
      if (this.#isSeen) onShow();
    };
    new IntersectionObserver(watchView, { rootMargin: '80px' }).observe(canvas);
  }

  get isSeen() {
    return this.#isSeen;
  }

  /** Screen pixels for a CSS pixel. */
  get ratio() {
    return window.devicePixelRatio || 1;
  }

  #resize() {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(this.height * this.ratio);
  }

  /** @returns {CanvasRenderingContext2D | null} An empty canvas to draw on, or null while it isn't in view. */
  clear() {
    if (!this.width || !this.#isSeen) return null;
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }
}

/**
 * @param {Uint8Array} rgb (…, 28, 28, 3)
 * @param {number} [from] Index of the digit's first byte.
 * @returns {Uint8ClampedArray<ArrayBuffer>} (28, 28, 4), as `ImageData` has it.
 */
export function rgbaOf(rgb, from = 0) {
  const rgba = new Uint8ClampedArray(4 * DIGIT_SIDE * DIGIT_SIDE).fill(255);
  for (let n = 0; n < DIGIT_SIDE * DIGIT_SIDE; n++) {
    for (let channel = 0; channel < 3; channel++) rgba[4 * n + channel] = rgb[from + 3 * n + channel];
  }
  return rgba;
}

/**
 * @param {Uint8Array} rgb (…, 28, 28, 3)
 * @param {number} [from] Index of the digit's first byte.
 */
export function digitImage(rgb, from = 0) {
  return new ImageData(rgbaOf(rgb, from), DIGIT_SIDE, DIGIT_SIDE);
}
