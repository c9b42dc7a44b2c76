// @ts-check
// The time, so that tests can bring their own.

/**
 * @typedef {object} Clock
 * @property {() => number} now in milliseconds
 * @property {(act: () => void, milliseconds: number) => number} after call later; gives a number for `cancel`
 * @property {(timer: number) => void} cancel
 */

/** @type {Clock} */
export const browserClock = {
  now: () => performance.now(),
  after: (act, milliseconds) => window.setTimeout(act, milliseconds),
  cancel: (timer) => window.clearTimeout(timer),
};
