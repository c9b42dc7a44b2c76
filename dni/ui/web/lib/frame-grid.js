// @ts-check
// Schedules the frames of a viewer: which to fetch next, ahead of time or because somebody waits, and which of those
// that are there are shown. The server renders a frame for any mix that it is asked for; what is current is known here
// alone. A line of keyframes is the case of two ends; pads have keyframes in two dimensions, more ends none.

import { KeyframeCache } from './keyframe-cache.js';

/** @typedef {import('./clock.js').Clock} Clock */
/** @typedef {import('./protocol.js').FrameReply} FrameReply */
/** @typedef {import('./protocol.js').Region} Region */
/** @typedef {import('./protocol.js').Scene} Scene */
/** @typedef {import('../mixing/spaces.js').MixSpace} MixSpace */

/**
 * A frame of something else than the mix alone, as a painted one.
 * @typedef {object} SpecialFrame
 * @property {string} use one frame is kept for each
 * @property {string} key of what it is of; a frame with another key is out of date
 */

/**
 * A frame to fetch. `ahead`: nobody waits for it yet.
 * @typedef {{ shares: number[], special: SpecialFrame | null, ahead: boolean }} WantedFrame
 */

/**
 * What is wanted beside keyframes: special frames, the most urgent first, and whether the mix's own.
 * @typedef {{ special: SpecialFrame[], own: boolean }} Plan
 */

/**
 * @typedef {object} FrameGridOptions
 * @property {(cache: KeyframeCache, wanted: WantedFrame) => Promise<FrameReply>} fetchFrame
 * @property {(jpeg: string) => Promise<ImageBitmap>} decode
 * @property {Clock} clock
 * @property {() => void} onChange something is to be drawn
 * @property {() => void} onRest the mix has not changed for a moment
 * @property {(text: string | null) => void} onMessage what went wrong, or null when that is over
 * @property {(resting: boolean) => Plan} [plan] by default the mix's own frame
 * @property {(cache: KeyframeCache) => void} [refine] sets `cache.refinements` once its nodes are there
 */

/** The controller. */
export class FrameGrid {
  /** @param {FrameGridOptions} options */
  constructor(options) {
    this.options = options;
    /** @type {KeyframeCache | null} */
    this.cache = null;
  }

  /**
   * Start on another region, picture or networks. Frames of the same picture stay on screen until the first arrives.
   * @param {{ scene: Scene, region: Region, space: MixSpace }} of
   * @returns {KeyframeCache}
   */
  open(of) {
    this.cache = new KeyframeCache(of);
    return this.cache;
  }
}
