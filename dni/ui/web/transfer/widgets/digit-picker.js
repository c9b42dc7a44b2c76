// @ts-check
// Digits in rows, of which one may be picked by mouse, finger or the arrow keys, and some marked as read wrongly.

import { bytesOf } from '../../lib/dom.js';
import { Surface, contextOf, digitImage } from '../../adaptation/charts/canvas.js';
import { DIGIT_SIDE } from '../../adaptation/samples/numbers.js';

const GAP = 4;
const PIXELS = DIGIT_SIDE * DIGIT_SIDE;
/** @type {Record<string, (columns: number) => number>} */
const STEPS = {
  ArrowRight: () => 1,
  ArrowLeft: () => -1,
  ArrowDown: (columns) => columns,
  ArrowUp: (columns) => -columns,
};

/**
 * Which digit a key leads to.
 * @param {number} at
 * @param {string} key
 * @param {{ columns: number, count: number }} grid
 * @returns {number | null} null where the key means nothing here, or leads outside
 */
export function digitByKey(at, key, { columns, count }) {
  const next = key in STEPS ? at + STEPS[key](columns) : -1;
  return next >= 0 && next < count ? next : null;
}

/**
 * @param {number} picked -1 for none.
 * @param {readonly number[]} labels
 * @returns {string} The picked digit, as a screen reader says it.
 */
export function pickedText(picked, labels) {
  return picked < 0 ? 'none of these' : `a ${labels[picked]}, number ${picked + 1} of ${labels.length}`;
}

export class DigitPicker {
  /** The picked digit's number; -1 for none. */
  picked = -1;
  /** @type {(number: number) => boolean} */
  isWrong = () => false;
  /** @type {Uint8Array} (n, 28, 28) */
  #pixels = new Uint8Array(0);
  /** @type {HTMLCanvasElement[]} */
  #tiles = [];
  /** @type {readonly number[]} */
  #labels = [];

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} options
   * @param {number} options.columns
   * @param {import('../../adaptation/charts/canvas.js').Palette} options.palette
   * @param {() => void} options.onShow
   * @param {(ink: Uint8Array) => void} [options.onPick] Given the digit, (28, 28), 0 to 255.
   */
  constructor(canvas, { columns, palette, onShow, onPick }) {
    this.canvas = canvas;
    this.columns = columns;
    this.palette = palette;
    this.onPick = onPick;
    this.surface = new Surface(canvas, onShow);
    if (onPick) this.#attach();
  }

  get count() {
    return this.#pixels.length / PIXELS;
  }

  /**
   * @param {string} pixels uint8 (n, 28, 28) in base64.
   * @param {readonly number[]} labels
   */
  open(pixels, labels) {
    this.#pixels = bytesOf(pixels);
    this.#labels = labels;
    this.#tiles = Array.from({ length: this.count }, (_, number) => {
      const tile = document.createElement('canvas');
      tile.width = tile.height = DIGIT_SIDE;
      contextOf(tile).putImageData(digitImage(inColour(this.#ink(number))), 0, 0);
      return tile;
    });
    this.canvas.style.aspectRatio = `${this.columns} / ${Math.ceil(this.count / this.columns)}`;
  }

  /** @param {number} number */
  pick(number) {
    this.picked = number;
    this.onPick?.(this.#ink(number));
  }

  draw() {
    if (this.onPick) this.#describe();
    const context = this.surface.clear();
    if (!context) return;
    const side = this.surface.width / this.columns;
    context.imageSmoothingEnabled = false;
    this.#tiles.forEach((tile, number) => {
      const [x, y] = [(number % this.columns) * side, Math.floor(number / this.columns) * side];
      context.drawImage(tile, x + GAP / 2, y + GAP / 2, side - GAP, side - GAP);
      if (this.isWrong(number)) this.#frame(context, { x, y, side }, '--dni-wrong');
      else if (number === this.picked) this.#frame(context, { x, y, side }, '--d1');
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {{ x: number, y: number, side: number }} place
   * @param {string} colour
   */
  #frame(context, { x, y, side }, colour) {
    context.strokeStyle = this.palette.get(colour);
    context.lineWidth = 3;
    context.strokeRect(x + 1.5, y + 1.5, side - 3, side - 3);
    if (colour !== '--dni-wrong') return;
    context.beginPath();
    context.moveTo(x + 0.7 * side, y + 0.1 * side);
    context.lineTo(x + 0.9 * side, y + 0.3 * side);
    context.moveTo(x + 0.9 * side, y + 0.1 * side);
    context.lineTo(x + 0.7 * side, y + 0.3 * side);
    context.stroke();
  }

  /** @param {number} number */
  #ink(number) {
    return this.#pixels.subarray(number * PIXELS, (number + 1) * PIXELS);
  }

  /** As a slider says it, since the arrow keys move among the digits. */
  #describe() {
    this.canvas.setAttribute('aria-valuemax', String(this.count));
    this.canvas.setAttribute('aria-valuenow', String(this.picked + 1));
    this.canvas.setAttribute('aria-valuetext', pickedText(this.picked, this.#labels));
  }

  #attach() {
    this.canvas.classList.add('pickable');
    this.canvas.tabIndex = 0;
    this.canvas.addEventListener('click', (event) => {
      const side = this.canvas.clientWidth / this.columns;
      const number = Math.floor(event.offsetY / side) * this.columns + Math.floor(event.offsetX / side);
      if (number >= 0 && number < this.count) this.pick(number);
    });
    this.canvas.addEventListener('keydown', (event) => {
      const next = digitByKey(this.picked, event.key, this);
      if (next === null || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.pick(next);
    });
  }
}

/**
 * @param {Uint8Array} ink (28, 28)
 * @returns {Uint8Array} (28, 28, 3)
 */
function inColour(ink) {
  return Uint8Array.from({ length: 3 * ink.length }, (_, index) => ink[Math.floor(index / 3)]);
}
