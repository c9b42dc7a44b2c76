// @ts-check
// The mask: how much of the mix applies at each place of the picture, from 0 (what is outside) to 255 (the mix).
// It has any size and covers the whole picture. Without a DOM: images are read and written in mask-image.js.

import { paintDab } from './brush.js';
import { MaskSteps } from './mask-steps.js';

/** @typedef {import('./brush.js').Box} Box */
/** @typedef {import('./brush.js').Brush} Brush */
/** @typedef {import('./brush.js').Levels} Levels */
/** @typedef {import('./brush.js').Point} Point */
/** @typedef {import('./brush.js').Size} Size */
/** @typedef {import('./mask-steps.js').MaskState} MaskState */
/** @typedef {import('../../lib/protocol.js').Region} Region */

const LONGER_SIDE = 512;
/** Dabs whose boxes are remembered; with more, all of the mask counts as changed. */
const MAX_DABS = 200;

/**
 * The size of a mask that is painted by hand over a picture.
 * @param {Size} picture
 * @returns {Size}
 */
export function maskSize({ width, height }) {
  const scale = Math.min(1, LONGER_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

export class Mask {
  /** Grows with every change, and never comes back to an earlier one. */
  version = 0;
  /** Whether the mask applies; else the mix is everywhere. */
  on = false;
  /** @type {Size} */
  picture = { width: 1, height: 1 };
  /** @type {Levels} */
  #mask = { width: 1, height: 1, levels: new Uint8ClampedArray(1) };
  #steps = new MaskSteps();
  /** As it was before the step that is being made. @type {{ mask: Levels, isOn: boolean } | null} */
  #before = null;
  /** The version that last changed all of the mask. */
  #wholeVersion = 0;
  /** @type {{ version: number, box: Box }[]} */
  #dabs = [];

  get width() { return this.#mask.width; }
  get height() { return this.#mask.height; }
  /** Row by row, for reading only. */
  get levels() { return this.#mask.levels; }

  /**
   * A new picture: nothing is painted, and the mask does not apply.
   * @param {Size} picture
   */
  open({ width, height }) {
    this.picture = { width, height };
    this.on = false;
    this.#before = null;
    this.#steps.restart();
    const size = maskSize(this.picture);
    this.#replace({ ...size, levels: new Uint8ClampedArray(size.width * size.height) });
  }

  /** A step begins: what is done until commit() is undone at once. */
  begin() {
    this.#before ??= { mask: { ...this.#mask, levels: this.#mask.levels.slice() }, isOn: this.on };
  }

  /** The step that was begun is over. */
  commit() {
    if (this.#before) this.#steps.record(this.#before.mask, this.#mask, this.on);
    this.#before = null;
  }

  /** What restore() brings back; while a step is being made, what was before it. @returns {MaskState} */
  get state() {
    return { position: this.#steps.position, isOn: this.#before?.isOn ?? this.on };
  }

  /**
   * @param {MaskState} state
   * @returns {MaskState} the same, or the oldest one that restore() still knows
   */
  known(state) {
    return this.#steps.known(state);
  }

  /** @param {MaskState} state */
  restore(state) {
    this.commit();
    const { position, isOn } = this.known(state);
    if (position !== this.#steps.position) this.#replace(this.#steps.go(this.#mask, position));
    this.on = isOn;
  }

  /** @param {number} level from 0 to 255 */
  fill(level) {
    this.#mask.levels.fill(level);
    this.#changed();
  }

  invert() {
    const { levels } = this.#mask;
    for (let index = 0; index < levels.length; index++) levels[index] = 255 - levels[index];
    this.#changed();
  }

  /**
   * Another mask, at its own size.
   * @param {Levels} mask
   */
  take(mask) {
    this.begin();
    this.#replace(mask);
  }

  /**
   * @param {Point} middle
   * @param {Brush} brush
   */
  dab(middle, brush) {
    this.#changed(paintDab(this.#mask, this.picture, middle, brush));
  }

  /**
   * The box that holds all changes since a version, or null if that is all of the mask.
   * @param {number} version
   * @returns {Box | null}
   */
  changedSince(version) {
    const boxes = this.#dabs.filter((dab) => dab.version > version).map((dab) => dab.box);
    if (version < this.#wholeVersion || !boxes.length) return null;
    return {
      left: Math.min(...boxes.map((box) => box.left)),
      top: Math.min(...boxes.map((box) => box.top)),
      right: Math.max(...boxes.map((box) => box.right)),
      bottom: Math.max(...boxes.map((box) => box.bottom)),
    };
  }

  /** @param {Levels} mask */
  #replace(mask) {
    this.#mask = mask;
    this.#changed();
  }

  /** @param {Box | null} box */
  #changed(box = null) {
    this.version += 1;
    if (box && this.#dabs.length < MAX_DABS) {
      this.#dabs.push({ version: this.version, box });
      return;
    }
    this.#wholeVersion = this.version;
    this.#dabs = [];
  }
}

/**
 * A mask's levels at the pixels of a frame, enlarged bilinearly as the server does it.
 * @param {Levels} mask
 * @param {Size} picture
 * @param {Region} region of the picture that the frame shows
 * @param {Size} frame
 * @param {Region} part of the frame, in its pixels
 * @returns {Uint8ClampedArray} one level for each pixel of the part, row by row
 */
export function enlarge(mask, picture, region, frame, part) {
  const across = cellsAlong(mask.width / picture.width, region.left, region.width, frame.width, part.left, part.width, mask.width);
  const down = cellsAlong(mask.height / picture.height, region.top, region.height, frame.height, part.top, part.height, mask.height);
  const result = new Uint8ClampedArray(part.width * part.height);
  const line = new Float32Array(mask.width);
  for (let row = 0; row < part.height; row++) {
    if (!mixRows(mask, down.low[row], down.part[row], line)) continue;
    const start = row * part.width;
    for (let column = 0; column < part.width; column++) {
      const low = across.low[column];
      const left = line[low];
      result[start + column] = left + across.part[column] * (line[Math.min(low + 1, mask.width - 1)] - left);
    }
  }
  return result;
}

/**
 * For pixels of a frame along one direction, the mask's cell before each and how far it is to the next one.
 * Pixels are areas, and beyond the middles of the first and the last cell the mask is constant.
 * @param {number} units cells of the mask for one pixel of the picture
 * @param {number} regionStart
 * @param {number} regionSize
 * @param {number} frameSize
 * @param {number} start first pixel of the frame
 * @param {number} count
 * @param {number} cells
 */
function cellsAlong(units, regionStart, regionSize, frameSize, start, count, cells) {
  const low = new Int32Array(count);
  const part = new Float32Array(count);
  for (let pixel = 0; pixel < count; pixel++) {
    const inPicture = regionStart + ((start + pixel + 0.5) * regionSize) / frameSize;
    const at = Math.min(cells - 1, Math.max(0, inPicture * units - 0.5));
    low[pixel] = Math.floor(at);
    part[pixel] = at - low[pixel];
  }
  return { low, part };
}

/**
 * The mask along a line between two of its rows.
 * @param {Levels} mask
 * @param {number} row
 * @param {number} part of the row below
 * @param {Float32Array} line written
 * @returns {boolean} whether anything is painted on it
 */
function mixRows({ width, height, levels }, row, part, line) {
  const upper = row * width;
  const lower = Math.min(row + 1, height - 1) * width;
  let painted = 0;
  for (let column = 0; column < width; column++) {
    const level = levels[upper + column];
    line[column] = level + part * (levels[lower + column] - level);
    painted += line[column];
  }
  return painted > 0;
}
