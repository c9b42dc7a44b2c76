// @ts-check
// Moves the slider once from end to end when the page has opened, so that a visitor sees what it does.

/** @typedef {import('../lib/clock.js').Clock} Clock */

const STEP_MS = 33;
const SWEEP_MS = 4800;
const TOUCHES = ['pointerdown', 'keydown', 'wheel', 'dragover', 'visibilitychange'];

/**
 * Where the slider is after a share of the time: from where it starts to the second end, to the first, and back.
 * @param {number} start alpha
 * @param {number} time from 0 to 1
 * @returns {number} alpha
 */
export function sweepAt(start, time) {
  const stops = [[0, start], [0.3, 1], [0.4, 1], [0.75, 0], [0.8, 0], [1, start]];
  const next = Math.max(1, stops.findIndex(([at]) => at >= Math.min(1, time)));
  const [[from, first], [to, second]] = [stops[next - 1], stops[next]];
  const ease = (1 - Math.cos(Math.PI * (time - from) / (to - from))) / 2;
  return first + (second - first) * ease;
}

export class FirstSweep {
  #running = false;
  #over = false;
  #start = 0;

  /** @param {{ clock: Clock, show: (alpha: number) => void, end: () => void }} options show: moves the slider */
  constructor(options) {
    this.options = options;
  }

  /**
   * Begin, unless it has run or was stopped.
   * @param {number} start alpha, to which it comes back
   */
  begin(start) {
    if (this.#running || this.#over) return;
    this.#running = true;
    this.#start = start;
    const begun = this.options.clock.now();
    const step = () => {
      if (this.#over) return;
      const time = Math.min(1, (this.options.clock.now() - begun) / SWEEP_MS);
      this.options.show(sweepAt(start, time));
      if (time < 1) this.options.clock.after(step, STEP_MS); else this.stop();
    };
    step();
  }

  /**
   * Whatever somebody does on the page ends it; where the address says what to look at, and against a person's wish,
   * it does not begin.
   * @param {HTMLElement} slider what it moves
   */
  followPage(slider) {
    const isReduced = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (isReduced || new URLSearchParams(window.location.search).has('alpha')) this.stop();
    for (const name of TOUCHES) {
      document.addEventListener(name, ({ target }) => {
        if (target === slider) this.stop(); else this.goBack();
      }, { capture: true, once: true, passive: true });
    }
  }

  /** For good: somebody has touched the slider, or it is over. */
  stop() {
    if (this.#running && !this.#over) this.options.end();
    this.#over = true;
  }

  /** For good: somebody has touched something else, who does not want the alpha that happens to be there. */
  goBack() {
    if (this.#running && !this.#over) this.options.show(this.#start);
    this.stop();
  }
}
