// @ts-check
// Does something at once, and while it is still wanted again, but no more often than its pause.

export class Throttle {
  #timer = 0;

  /** @param {{ pause: number, isWanted: () => boolean, act: () => void }} options pause: in milliseconds */
  constructor(options) {
    this.options = options;
  }

  /** It is wanted. */
  run() {
    if (!this.#timer) this.#next();
  }

  #next() {
    this.#timer = 0;
    if (!this.options.isWanted()) return;
    this.#timer = window.setTimeout(() => this.#next(), this.options.pause);
    this.options.act();
  }
}
