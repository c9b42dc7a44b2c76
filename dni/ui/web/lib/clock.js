// @ts-check
// The time, so that tests can bring their own; and in words.

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

/**
 * A frame that the server still had took no rendering, only its way here.
 * @param {number} rendering in milliseconds
 * @param {number} fetching
 */
export function timeTaken(rendering, fetching) {
  const spent = rendering || fetching;
  return `${rendering ? 'rendered' : 'fetched'} in ${spent < 10 ? spent.toFixed(1) : Math.round(spent)} ms`;
}
