// @ts-check
// Where the forty digits of a domain lie on their canvas: a column for each class, four rows, a label below each.

import { DIGIT_SIDE, NUM_CLASSES, NUM_SAMPLES } from './numbers.js';

export const COLUMNS = NUM_CLASSES;
export const ROWS = NUM_SAMPLES / COLUMNS;
/** Height of the label below a digit, in CSS pixels. */
export const LABEL = 15;
const GAP = 3;
// A smaller digit is worth whole screen pixels for its own down to this share of the cell.
const LEAST_FILL = 0.82;
/** @type {Record<string, number>} */
const KEY_STEPS = { ArrowLeft: -ROWS, ArrowRight: ROWS, ArrowUp: -1, ArrowDown: 1 };

/** @typedef {{ width: number, height: number }} Size */

export class SampleLayout {
  /**
   * @param {Size} size The canvas in CSS pixels.
   * @param {number} ratio Screen pixels for a CSS pixel.
   */
  constructor(size, ratio) {
    this.ratio = ratio;
    this.cell = { width: size.width / COLUMNS, height: size.height / ROWS };
    const room = Math.min(this.cell.width, this.cell.height - LABEL) - 2 * GAP;
    const whole = (Math.floor((room * ratio) / DIGIT_SIDE) * DIGIT_SIDE) / ratio;
    /** A digit's width and height. */
    this.side = whole > LEAST_FILL * room ? whole : room;
  }

  /**
   * @param {number} sample
   * @returns {{ x: number, y: number }} The digit's upper left corner, on whole screen pixels.
   */
  place(sample) {
    const { column, row } = cellOf(sample);
    return {
      x: this.#snap(column * this.cell.width + (this.cell.width - this.side) / 2),
      y: this.#snap(row * this.cell.height + (this.cell.height - this.side - LABEL) / 2),
    };
  }

  /** @param {number} value */
  #snap(value) {
    return Math.round(value * this.ratio) / this.ratio;
  }
}

/** @param {number} sample They are sorted by class. */
export function cellOf(sample) {
  return { column: Math.floor(sample / ROWS), row: sample % ROWS };
}

/**
 * @param {number} x 0 to 1 over the canvas.
 * @param {number} y 0 to 1 over the canvas.
 * @returns {number} The sample there, or -1.
 */
export function sampleAt(x, y) {
  const [column, row] = [Math.floor(x * COLUMNS), Math.floor(y * ROWS)];
  return column < 0 || column >= COLUMNS || row < 0 || row >= ROWS ? -1 : column * ROWS + row;
}

/**
 * @param {number} sample The picked one, or -1.
 * @param {string} key
 * @returns {number | null} The sample to pick; null for keys that pick none.
 */
export function sampleByKey(sample, key) {
  const step = KEY_STEPS[key];
  if (!step) return null;
  if (sample < 0) return 0;
  const next = sample + step;
  const isBeyond = next < 0 || next >= NUM_SAMPLES || (Math.abs(step) === 1 && cellOf(next).column !== cellOf(sample).column);
  return isBeyond ? sample : next;
}

/**
 * Where the details of a sample are shown: below it in the upper half, above it in the lower one.
 *
 * @param {SampleLayout} layout
 * @param {number} sample
 * @param {Size & { left: number, top: number }} canvas
 * @param {Size} details
 */
export function placeDetails(layout, sample, canvas, details) {
  const { x, y } = layout.place(sample);
  const left = canvas.left + x + layout.side / 2 - details.width / 2;
  const most = canvas.left + canvas.width - details.width;
  const isLow = cellOf(sample).row >= ROWS / 2;
  return {
    left: Math.max(canvas.left, Math.min(most, left)),
    top: isLow ? canvas.top + y - details.height - 6 : canvas.top + y + layout.side + LABEL + 6,
  };
}
