// @ts-check
// The play button: alpha goes to 1 by itself, until it is there or somebody touches anything.

/** @typedef {import('../lib/clock.js').Clock} Clock */

export const SWEEP_MS = 8000;
export const FRAME_MS = 33;
/** Where motion is not wanted, alpha stands still in between. */
export const STOPS = 4;

export class Sweep {
  #timer = 0;
  #isPlaying = false;

  /**
   * @param {object} options
   * @param {Clock} options.clock
   * @param {() => number} options.alpha That is chosen now.
   * @param {(alpha: number) => void} options.onStep
   * @param {(isPlaying: boolean) => void} options.onChange Called when it starts and when it ends.
   * @param {() => boolean} [options.isReduced] Whether the person wants little motion.
   */
  constructor({ clock, alpha, onStep, onChange, isReduced = () => false }) {
    this.clock = clock;
    this.alpha = alpha;
    this.onStep = onStep;
    this.onChange = onChange;
    this.isReduced = isReduced;
  }

  get isPlaying() {
    return this.#isPlaying;
  }

  /** Go on from where alpha is; from 1 begin again. */
  start() {
    if (this.#isPlaying) return;
    const first = this.alpha() < 1 ? this.alpha() : 0;
    const began = this.clock.now() - first * SWEEP_MS;
    const wait = this.isReduced() ? SWEEP_MS / STOPS : FRAME_MS;
    const step = () => {
      const share = Math.min(1, (this.clock.now() - began) / SWEEP_MS);
      this.onStep(this.isReduced() ? Math.floor(share * STOPS + 1e-6) / STOPS : share);
      if (share === 1) this.stop();
      else this.#timer = this.clock.after(step, wait);
    };
    this.#isPlaying = true;
    this.onStep(first);
    this.#timer = this.clock.after(step, wait);
    this.onChange(true);
  }

  stop() {
    if (!this.#isPlaying) return;
    this.#isPlaying = false;
    this.clock.cancel(this.#timer);
    this.onChange(false);
  }
}
