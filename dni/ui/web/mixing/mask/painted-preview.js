// @ts-check
// The preview of a painted mix, composed in the browser until the server's exact picture comes.

import { LINE_STEPS } from '../../lib/frames/spaces.js';
import { blendFrames, framesNeeded, touchedPart } from './frame-blend.js';
import { enlarge } from './mask.js';

/** @typedef {import('./mask.js').Mask} Mask */
/** @typedef {import('../../lib/protocol.js').Region} Region */

/**
 * @typedef {object} Composition
 * @property {ImageBitmap[]} frames
 * @property {Region} region
 * @property {number} alpha
 * @property {number} version of the mask; -1: nothing is composed yet
 * @property {ImageData} image
 * @property {OffscreenCanvas} canvas
 */

/**
 * @param {ImageBitmap} bitmap
 * @returns {Uint8ClampedArray} red, green, blue and opacity of each pixel
 */
function pixelsOf(bitmap) {
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('Expected a canvas that can be drawn on, but the browser has none left.');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
}

/** Composes painted mixes of two ends; of what only a stroke changed, only that part anew. */
export class PaintedPreview {
  /** @type {WeakMap<ImageBitmap, Uint8ClampedArray>} */
  #pixels = new WeakMap();
  /** @type {Composition | null} */
  #last = null;

  /**
   * @param {object} wanted
   * @param {readonly (ImageBitmap | null | undefined)[]} wanted.line frames of the region at alpha 0, 0.1, … 1
   * @param {Region} wanted.region
   * @param {Mask} wanted.mask
   * @param {number} wanted.alpha
   * @returns {OffscreenCanvas | null} as large as the frames; null beyond the ends or while a frame is missing
   */
  compose({ line, region, mask, alpha }) {
    if (alpha < 0 || alpha > 1) return null;
    const frames = line.slice(0, framesNeeded(alpha, LINE_STEPS)).filter((frame) => frame instanceof ImageBitmap);
    if (frames.length < framesNeeded(alpha, LINE_STEPS)) return null;
    const last = this.#lastOf(frames, region, alpha);
    const current = last ?? this.#blank(frames, region, alpha);
    if (current.version !== mask.version) {
      this.#update(current, touchedPart(last && mask.changedSince(last.version), region, frames[0]), mask);
      current.version = mask.version;
    }
    this.#last = current;
    return current.canvas;
  }

  /**
   * What was composed last, if it is of the same frames at the same alpha.
   * @param {ImageBitmap[]} frames
   * @param {Region} region
   * @param {number} alpha
   */
  #lastOf(frames, region, alpha) {
    const last = this.#last;
    const same = last && last.alpha === alpha && last.region === region;
    return same && frames.every((frame, index) => frame === last.frames[index]) ? last : null;
  }

  /**
   * @param {ImageBitmap[]} frames
   * @param {Region} region
   * @param {number} alpha
   * @returns {Composition}
   */
  #blank(frames, region, alpha) {
    const { width, height } = frames[0];
    const image = new ImageData(width, height);
    return { frames, region, alpha, version: -1, image, canvas: new OffscreenCanvas(width, height) };
  }

  /**
   * @param {Composition} current
   * @param {Region} part
   * @param {Mask} mask
   */
  #update({ frames, region, alpha, image, canvas }, part, mask) {
    if (part.width <= 0 || part.height <= 0) return;
    const levels = enlarge(mask, mask.picture, region, image, part);
    const pixels = frames.map((frame) => this.#pixelsOf(frame));
    blendFrames(image.data, image.width, part, pixels, levels, (alpha * LINE_STEPS) / 255);
    canvas.getContext('2d')?.putImageData(image, 0, 0, part.left, part.top, part.width, part.height);
  }

  /** @param {ImageBitmap} frame */
  #pixelsOf(frame) {
    let pixels = this.#pixels.get(frame);
    if (!pixels) {
      pixels = pixelsOf(frame);
      this.#pixels.set(frame, pixels);
    }
    return pixels;
  }
}
