// @ts-check
// A clock that goes when a test says so.

/** @typedef {import('../../lib/clock.js').Clock} Clock */

/** @implements {Clock} */
export class FakeClock {
  #now = 1000;
  #last = 0;
  /** @type {Map<number, { at: number, act: () => void }>} */
  #timers = new Map();

  now() { return this.#now; }

  /**
   * @param {() => void} act
   * @param {number} milliseconds
   */
  after(act, milliseconds) {
    this.#last += 1;
    this.#timers.set(this.#last, { at: this.#now + milliseconds, act });
    return this.#last;
  }

  /** @param {number} timer */
  cancel(timer) { this.#timers.delete(timer); }

  /**
   * Let time pass; what is due is called in order.
   * @param {number} milliseconds
   */
  advance(milliseconds) {
    const end = this.#now + milliseconds;
    for (let due = this.#next(end); due; due = this.#next(end)) {
      const [timer, { at, act }] = due;
      this.#timers.delete(timer);
      this.#now = at;
      act();
    }
    this.#now = end;
  }

  /** @param {number} end */
  #next(end) {
    const due = [...this.#timers].filter(([, { at }]) => at <= end);
    return due.sort(([, one], [, other]) => one.at - other.at)[0];
  }
}
