// @ts-check
// Drawn ink as MNIST has it (LeCun et al., 1998): 20 pixels on the longer side, its mass in the middle of 28 by 28.

import { DIGIT_SIDE } from '../samples/numbers.js';

/** The drawing pad's width and height. */
export const PAD_SIDE = 280;
const BOX_SIDE = 20;
const LEAST_AMOUNT = 0.02;

/**
 * @typedef {object} Amounts
 * @property {Float32Array} values (height, width), 0 to 1.
 * @property {number} width
 * @property {number} height
 */

/**
 * @param {Float32Array} values (280, 280), 0 to 1.
 * @returns {Uint8Array | null} (28, 28), 0 to 255; null where there is no ink.
 */
export function normalizeInk(values) {
  const bounds = boundsOf(values);
  return bounds && centre(shrink(values, bounds));
}

/**
 * The rectangle around all ink.
 *
 * @param {Float32Array} values (280, 280)
 */
export function boundsOf(values) {
  let [left, top, right, bottom] = [PAD_SIDE, PAD_SIDE, -1, -1];
  for (let n = 0; n < values.length; n++) {
    if (values[n] < LEAST_AMOUNT) continue;
    const [x, y] = [n % PAD_SIDE, Math.floor(n / PAD_SIDE)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * Scale to 20 pixels on the longer side; each is the mean of what it covers.
 *
 * @param {Float32Array} values (280, 280)
 * @param {{ left: number, top: number, width: number, height: number }} bounds
 * @returns {Amounts}
 */
function shrink(values, bounds) {
  const scale = Math.max(bounds.width, bounds.height) / BOX_SIDE;
  const width = Math.max(1, Math.round(bounds.width / scale));
  const height = Math.max(1, Math.round(bounds.height / scale));
  const small = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      small[y * width + x] = meanOf(values, bounds.left + x * scale, bounds.top + y * scale, scale);
    }
  }
  return { values: small, width, height };
}

/**
 * @param {Float32Array} values (280, 280)
 * @param {number} left
 * @param {number} top
 * @param {number} side
 */
function meanOf(values, left, top, side) {
  const [x0, y0] = [Math.floor(left), Math.floor(top)];
  const x1 = Math.min(PAD_SIDE, Math.max(x0 + 1, Math.round(left + side)));
  const y1 = Math.min(PAD_SIDE, Math.max(y0 + 1, Math.round(top + side)));
  let sum = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += values[y * PAD_SIDE + x];
  return sum / Math.max(1, (x1 - x0) * (y1 - y0));
}

/**
 * Put the centre of mass into the middle, as far as all ink stays inside.
 *
 * @param {Amounts} small
 * @returns {Uint8Array} (28, 28), 0 to 255.
 */
function centre({ values, width, height }) {
  let [mass, massX, massY] = [0, 0, 0];
  values.forEach((amount, n) => {
    mass += amount;
    massX += amount * ((n % width) + 0.5);
    massY += amount * (Math.floor(n / width) + 0.5);
  });
  const left = shiftOf(massX / mass, width);
  const top = shiftOf(massY / mass, height);
  const ink = new Uint8Array(DIGIT_SIDE * DIGIT_SIDE);
  values.forEach((amount, n) => {
    ink[(top + Math.floor(n / width)) * DIGIT_SIDE + left + (n % width)] = Math.round(255 * amount);
  });
  return ink;
}

/**
 * @param {number} middle Centre of mass along one axis.
 * @param {number} length
 */
function shiftOf(middle, length) {
  return Math.min(DIGIT_SIDE - length, Math.max(0, Math.round(DIGIT_SIDE / 2 - middle)));
}
