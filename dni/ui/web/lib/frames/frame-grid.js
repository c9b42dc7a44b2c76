// @ts-check
// Schedules the frames of a viewer: which to fetch next, because somebody waits or ahead of time, and what may be said
// of those on screen. The server renders a frame for any mix that it is asked for; what is current is known here alone.
// A line of keyframes is the case of two ends; a pad has keyframes in two dimensions; more ends have none.
//
// An older answer never takes the place of a newer choice: a frame is kept under its own shares, and what is drawn is
// looked up under the current ones; a frame of a region, picture or set of networks that is no longer open is dropped.

import { timeTaken } from '../clock.js';
import { crossFade, refine } from './cross-fade.js';
import { KeyframeCache } from './keyframe-cache.js';
import { keyOf, rounded } from './shares.js';
import { sameRegion } from '../canvas/view.js';

/** @typedef {import('../clock.js').Clock} Clock */
/** @typedef {import('./cross-fade.js').FrameState} FrameState */
/** @typedef {import('../protocol.js').FrameReply} FrameReply */
/** @typedef {import('../protocol.js').Region} Region */
/** @typedef {import('../protocol.js').Scene} Scene */
/** @typedef {import('./spaces.js').MixSpace} MixSpace */

/**
 * A frame of something else than the mix alone, as a painted one.
 * @typedef {object} SpecialFrame
 * @property {string} use one frame is kept for each
 * @property {string} key of what it is of; a frame with another key is out of date
 * @property {boolean} [aside] whether it is shown beside the mix's frame, and not in its place
 */

/**
 * A frame to fetch. `ahead`: nobody waits for it yet.
 * @typedef {{ shares: number[], special: SpecialFrame | null, ahead: boolean }} WantedFrame
 */

/**
 * What is wanted beside keyframes: special frames, the most urgent first, and whether the mix's own frame.
 * @typedef {{ special: SpecialFrame[], own: boolean }} Plan
 */

/** @typedef {{ key: string, ahead: boolean, choice: number }} Flight a request on its way */

/**
 * @typedef {object} FrameGridOptions
 * @property {(cache: KeyframeCache, wanted: WantedFrame) => Promise<FrameReply>} fetchFrame
 * @property {(jpeg: string) => Promise<ImageBitmap>} decode
 * @property {Clock} clock
 * @property {() => void} onChange something is to be drawn
 * @property {() => void} onFrames the cache has other frames
 * @property {() => void} onRest the mix has not changed for a moment
 * @property {(text: string | null, isNotice?: boolean) => void} onMessage what went wrong or is worth knowing, or null
 * @property {(current: Region | null) => Region | null} region the region that the view asks for
 * @property {(region: Region, isOther: boolean) => void} onRegion the view has not moved for a moment
 * @property {(resting: boolean) => Plan} [plan] by default the mix's own frame
 * @property {(frame: ImageBitmap) => ArrayLike<number>} [pixels] RGBA bytes of a part; adds keyframes on a line
 */

// The exact frame of a mix is asked for when it has not changed for so long.
const REST_MS = 150;
// No keyframes are asked for so soon after a change: the next change may need the server.
const AHEAD_PAUSE_MS = 300;
const REGION_MS = 200;
const PREPARE_TIMEOUT_MS = 30000;
// While the mix changes, one frame is rendered and one is on its way; at rest the last one goes out in any case.
const MAX_LIVE_FLIGHTS = 2;
const DAMAGED = 'A frame arrived damaged. Move the control to try again.';

export class FrameGrid {
  /** @param {FrameGridOptions} options */
  constructor(options) {
    this.options = options;
    /** @type {KeyframeCache | null} the frames of what is open */
    this.cache = null;
    /** @type {KeyframeCache | null} stays on screen until the next cache has a frame */
    this.previous = null;
    this.shares = [0.5, 0.5];
    this.resting = true;
    this.movedAt = 0;
    /** Whether the cache will soon be replaced. */
    this.isStale = false;
    /** @type {Set<Flight>} */
    this.flights = new Set();
    this.choice = 0;
    this.moving = false;
    this.preparing = false;
    /** @type {Record<string, number>} by what they are for */
    this.timers = {};
  }

  /** The frames to draw. */
  get visible() { return this.previous ?? this.cache; }

  /** How long the exact frame took, in words; empty while it is not there. */
  get timing() {
    const special = this.plan().special.find(({ aside }) => !aside) ?? null;
    return this.cache?.timings.get(flightKey({ shares: this.shares, special })) ?? '';
  }

  /** Whether nothing is asked for, and nothing will be before something changes. */
  get isIdle() { return this.resting && !this.moving && !this.preparing && !this.flights.size && !this.next(); }

  /** @returns {Plan} */
  plan() {
    return this.options.plan?.(this.resting) ?? { special: [], own: true };
  }

  /**
   * What may be said of what was drawn.
   * @param {FrameState} drawn of the visible frames
   * @returns {FrameState | 'failed'}
   */
  status(drawn) {
    const state = this.visible === this.cache && !this.isStale ? drawn : 'waiting';
    return state === 'waiting' && this.cache?.failed ? 'failed' : state;
  }

  // ---- what is open

  /**
   * Start on another region, picture or set of networks.
   * @param {{ scene: Scene, region: Region, space: MixSpace }} of
   * @param {{ prepares?: boolean }} [how] prepares: something else makes the keyframes, see {@link prepared}
   * @returns {KeyframeCache}
   */
  open(of, { prepares = false } = {}) {
    this.retire(of.scene);
    this.cache = new KeyframeCache(of);
    this.flights = new Set();
    this.isStale = false;
    this.preparing = prepares;
    if (prepares) this.after('prepare', PREPARE_TIMEOUT_MS, () => this.prepared());
    this.options.onFrames();
    this.options.onChange();
    this.fetchNext();
    return this.cache;
  }

  /** Frames of the same picture stay on screen, without those of other networks. @param {Scene} next */
  retire(next) {
    const { cache } = this;
    if (cache && cache.scene.token === next.token && cache.frames.size) this.previous = cache; else cache?.close();
    if (this.previous && this.previous.scene.pair !== next.pair) this.previous.clear();
  }

  /** What is open is out of date: nothing more of it is asked for, until something else is opened. */
  invalidate() {
    this.isStale = true;
    this.options.onChange();
  }

  /** Ask for nothing more until the next change: what is needed for it cannot be had. */
  stop() {
    if (this.cache) this.cache.failed = true;
    this.options.onChange();
  }

  /** Another picture comes: nothing of the last one stays. */
  forget() {
    this.previous?.close();
    this.cache?.close();
    this.previous = this.cache = null;
  }

  /** The keyframes are made: they can be fetched. */
  prepared() {
    this.preparing = false;
    this.fetchNext();
  }

  // ---- what the person does

  /** @param {readonly number[]} shares */
  setShares(shares) {
    this.shares = rounded(shares);
    this.changed();
  }

  /** The mix, or something else that an exact frame depends on, has changed and may change again. */
  changed() {
    this.movedAt = this.options.clock.now();
    this.choice += 1;
    [this.resting, this.moving] = [false, true];
    if (this.cache) this.cache.failed = false;
    this.after('rest', REST_MS, () => this.rest());
    this.after('ahead', AHEAD_PAUSE_MS, () => {
      this.moving = false;
      this.options.onChange();
      this.fetchNext();
    });
    this.options.onChange();
    this.fetchNext();
  }

  /** The mix stays: its exact frame is wanted. */
  rest() {
    this.options.clock.cancel(this.timers.rest);
    this.resting = true;
    this.options.onChange();
    this.fetchNext();
    this.options.onRest();
  }

  /** The view has moved and may move again. */
  viewMoved() {
    this.options.onChange();
    this.after('region', REGION_MS, () => {
      const current = this.cache?.region ?? null;
      const region = this.options.region(current);
      if (region) this.options.onRegion(region, !current || !sameRegion(region, current));
    });
  }

  /**
   * @param {string} name
   * @param {number} milliseconds
   * @param {() => void} act
   */
  after(name, milliseconds, act) {
    const { clock } = this.options;
    clock.cancel(this.timers[name]);
    this.timers[name] = clock.after(act, milliseconds);
  }

  // ---- fetching

  /** Ask for all that is to be asked for now. */
  fetchNext() {
    for (let next = this.next(); next; next = this.next()) this.fetch(next);
  }

  /** @returns {WantedFrame | null} */
  next() {
    const { cache } = this;
    if (!cache || cache.failed || this.isStale) return null;
    const waited = [...this.flights].filter((flight) => !flight.ahead);
    const urgent = this.urgent(cache);
    if (urgent) {
      const isAsked = waited.some((flight) => flight.key === flightKey(urgent));
      return !isAsked && (this.resting || waited.length < MAX_LIVE_FLIGHTS) ? urgent : null;
    }
    // Keyframes come one by one, and none beside a frame that somebody waits for.
    if (this.preparing || this.moving || this.flights.size) return null;
    const [node] = this.missing();
    return node ? { shares: node, special: null, ahead: true } : null;
  }

  /**
   * What somebody waits for.
   * @param {KeyframeCache} cache
   * @returns {WantedFrame | null}
   */
  urgent(cache) {
    const { shares, resting } = this;
    const plan = this.plan();
    const special = plan.special.find(({ use, key }) => !cache.getSpecial(use, key));
    if (special) return { shares, special, ahead: false };
    if (!plan.own || cache.has(shares)) return null;
    return resting || crossFade(cache, shares).state === 'waiting' ? { shares, special: null, ahead: false } : null;
  }

  /** Keyframes that are not there yet, the most useful first. */
  missing() {
    const { cache, options } = this;
    if (!cache) return [];
    const nodes = cache.missing(this.shares);
    if (nodes.length || cache.refinements) return nodes;
    cache.refinements = options.pixels && cache.space.kind === 'line' ? refine(cache, options.pixels) : [];
    return cache.missing(this.shares);
  }

  /** @param {WantedFrame} wanted */
  async fetch(wanted) {
    const { cache, flights, options } = this;
    if (!cache) return;
    const flight = { key: flightKey(wanted), ahead: wanted.ahead, choice: this.choice };
    const asked = options.clock.now();
    flights.add(flight);
    const reply = await options.fetchFrame(cache, wanted);
    const frame = isFrame(reply) ? await options.decode(reply.jpeg).catch(() => null) : null;
    flights.delete(flight);
    if (cache !== this.cache || cache.closed) {
      frame?.close();
      return;
    }
    if (frame && isFrame(reply)) this.take(wanted, frame, { ...reply, fetching: options.clock.now() - asked });
    else if (!reply.dropped) this.fail(flight, reply.error ?? DAMAGED);
    this.fetchNext();
  }

  /**
   * @param {WantedFrame} wanted
   * @param {ImageBitmap} frame
   * @param {{ milliseconds: number, fetching: number, notice: string }} about
   */
  take({ shares, special }, frame, { milliseconds, fetching, notice }) {
    const { cache, options } = this;
    if (special) cache?.addSpecial(special.use, special.key, frame); else cache?.add(shares, frame);
    cache?.timings.set(flightKey({ shares, special }), timeTaken(milliseconds, fetching));
    this.previous?.close();
    this.previous = null;
    options.onMessage(notice || null, true);
    options.onFrames();
    options.onChange();
  }

  /**
   * A choice that came since gets its own try.
   * @param {Flight} flight
   * @param {string} text
   */
  fail(flight, text) {
    if (flight.choice !== this.choice) return;
    this.stop();
    this.options.onMessage(text);
  }
}

/**
 * @param {FrameReply} reply
 * @returns {reply is import('../protocol.js').Frame}
 */
function isFrame(reply) {
  return 'jpeg' in reply;
}

/** @param {{ shares: readonly number[], special: SpecialFrame | null }} wanted */
function flightKey({ shares, special }) {
  return special ? `${special.use} ${special.key}` : keyOf(shares);
}
