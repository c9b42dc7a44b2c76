// @ts-check
// The frames of one region of one picture through one set of networks and layers, by their shares. Nothing here
// fetches or draws.

import { keyOf } from './shares.js';
import { LINE_STEPS } from './spaces.js';

/** @typedef {import('./spaces.js').MixSpace} MixSpace */
/** @typedef {import('../protocol.js').Region} Region */
/** @typedef {import('../protocol.js').Scene} Scene */
/** @typedef {{ shares: number[], frame: ImageBitmap }} KnownFrame */

const MAX_FRAMES = 64;
// The order of keyframes on a line: both ends, the middle, then outwards, so that any prefix covers it evenly.
const LINE_ORDER = [0, 10, 5, 2, 8, 1, 9, 3, 7, 4, 6];

export class KeyframeCache {
  /**
   * @param {{ scene: Scene, region: Region, space: MixSpace }} options
   */
  constructor({ scene, region, space }) {
    this.scene = scene;
    this.region = region;
    this.space = space;
    /** The distance of two keyframes on a line. */
    this.spacing = 1 / LINE_STEPS;
    /** @type {Map<string, KnownFrame>} by the key of the shares */
    this.frames = new Map();
    /** @type {Map<string, { key: string, frame: ImageBitmap }>} frames of something else, one for each use */
    this.special = new Map();
    /** @type {Map<string, string>} how long a frame took, in words, by what it is of */
    this.timings = new Map();
    /** @type {ImageBitmap | null} the region enlarged plainly */
    this.before = null;
    /** @type {number[][] | null} keyframes beside the space's nodes; null: not known yet */
    this.refinements = null;
    this.failed = false;
    this.closed = false;
    this.nodeKeys = new Set(space.nodes.map(keyOf));
  }

  /** @param {readonly number[]} shares */
  has(shares) { return this.frames.has(keyOf(shares)); }

  /** @param {readonly number[]} shares */
  get(shares) { return this.frames.get(keyOf(shares))?.frame ?? null; }

  /**
   * @param {readonly number[]} shares
   * @param {ImageBitmap} frame closed by the cache
   */
  add(shares, frame) {
    const key = keyOf(shares);
    this.frames.get(key)?.frame.close();
    this.frames.set(key, { shares: [...shares], frame });
    for (const [old, known] of this.frames) {
      if (this.frames.size <= MAX_FRAMES) break;
      if (old === key || this.isKeyframe(old)) continue;
      known.frame.close();
      this.frames.delete(old);
    }
  }

  /** @param {string} key */
  isKeyframe(key) {
    return this.nodeKeys.has(key) || (this.refinements ?? []).some((shares) => keyOf(shares) === key);
  }

  /**
   * @param {string} use
   * @param {string} key
   */
  getSpecial(use, key) {
    const known = this.special.get(use);
    return known?.key === key ? known.frame : null;
  }

  /**
   * @param {string} use
   * @param {string} key
   * @param {ImageBitmap} frame closed by the cache
   */
  addSpecial(use, key, frame) {
    this.special.get(use)?.frame.close();
    this.special.set(use, { key, frame });
  }

  /** @param {readonly number[]} shares */
  nearest(shares) {
    let [best, least] = [/** @type {ImageBitmap | null} */ (null), Infinity];
    for (const known of this.frames.values()) {
      const away = distance(known.shares, shares);
      if (away < least) [best, least] = [known.frame, away];
    }
    return best;
  }

  /**
   * Keyframes that are not there yet, the most useful first: on a line evenly, on a pad from the mix outwards.
   * @param {readonly number[]} shares
   * @returns {number[][]}
   */
  missing(shares) {
    return this.wantedKeyframes(shares).filter((node) => !this.has(node));
  }

  /** @param {readonly number[]} shares */
  wantedKeyframes(shares) {
    const { kind, nodes } = this.space;
    if (kind === 'line') return [...LINE_ORDER.map((step) => nodes[step]), ...(this.refinements ?? [])];
    return [...nodes].sort((one, other) => distance(one, shares) - distance(other, shares));
  }

  /** Let go of all frames; the picture as it was given stays. */
  clear() {
    for (const { frame } of [...this.frames.values(), ...this.special.values()]) frame.close();
    this.frames.clear();
    this.special.clear();
  }

  close() {
    this.closed = true;
    this.clear();
    this.before?.close();
  }
}

/**
 * The squared distance. After a change of networks, frames of other numbers of ends are still on screen.
 * @param {readonly number[]} one
 * @param {readonly number[]} other
 */
function distance(one, other) {
  return one.reduce((sum, share, end) => sum + (share - (other[end] ?? 0)) ** 2, 0);
}
