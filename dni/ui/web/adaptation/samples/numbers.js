// @ts-check
// Numbers from the server: decoding, interpolation between alphas, and how they are written.

import { bytesOf } from '../../lib/dom.js';

export const NUM_CLASSES = 10;
/** Digits shown of each domain. */
export const NUM_SAMPLES = 40;
/** A digit's width and height in its own pixels. */
export const DIGIT_SIDE = 28;

/**
 * @param {Uint8Array} bytes
 * @returns {string} The bytes in base64.
 */
export function encodeBytes(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/**
 * @param {string} base64 Bytes.
 * @returns {Float32Array} Probabilities, 0 to 1.
 */
export function decodeProbabilities(base64) {
  return Float32Array.from(bytesOf(base64), (byte) => byte / 255);
}

/**
 * @param {string} base64 Little-endian 16-bit words.
 * @returns {Float32Array} Coordinates, -1 to 1.
 */
export function decodePositions(base64) {
  const bytes = bytesOf(base64);
  const words = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, index) => words.getInt16(2 * index, true) / 32767);
}

/**
 * @param {number} share 0 to 1.
 * @param {number} [decimals]
 */
export function percent(share, decimals = 0) {
  return `${(100 * share).toFixed(decimals)} %`;
}

/** Rows of numbers at increasing points, with linear interpolation in between. */
export class Series {
  /** @type {Float32Array} */
  #row;

  /**
   * @param {readonly number[]} points Increasing, at least one.
   * @param {ArrayLike<number>} values (points.length, size), row by row.
   */
  constructor(points, values) {
    this.points = points;
    this.values = values;
    this.size = values.length / points.length;
    this.#row = new Float32Array(this.size);
  }

  /**
   * @param {number} point Where; outside of the points the nearest one counts.
   * @returns {Float32Array} (size,); overwritten by the next call.
   */
  at(point) {
    const { low, high, share } = this.#between(point);
    for (let n = 0; n < this.size; n++) {
      const [before, after] = [this.values[low * this.size + n], this.values[high * this.size + n]];
      this.#row[n] = (1 - share) * before + share * after;
    }
    return this.#row;
  }

  /**
   * @param {number} index
   * @returns {number[]} That value at all points.
   */
  column(index) {
    return this.points.map((_, row) => this.values[row * this.size + index]);
  }

  /** @param {number} point */
  #between(point) {
    const { points } = this;
    const last = points.length - 1;
    const found = points.findIndex((known) => known >= point);
    const high = found < 0 ? last : found;
    if (high === 0 || found < 0 || points[high] === point) return { low: high, high, share: 0 };
    const low = high - 1;
    return { low, high, share: (point - points[low]) / (points[high] - points[low]) };
  }
}

/**
 * @param {ArrayLike<number>} probabilities
 * @param {number} [offset] Where the ten of one digit start.
 * @returns {number} The most likely class; of equals the first.
 */
export function mostLikely(probabilities, offset = 0) {
  let winner = 0;
  for (let n = 1; n < NUM_CLASSES; n++) {
    if (probabilities[offset + n] > probabilities[offset + winner]) winner = n;
  }
  return winner;
}
