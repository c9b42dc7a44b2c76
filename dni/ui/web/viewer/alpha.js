// @ts-check
// The viewer's slider, without a page: where it snaps, what it says, and the link that leads to it.

/** Where a slider that is dragged snaps: at the ends and in the middle. */
const SNAPS = [0, 0.5, 1];
const SNAP_WITHIN = 0.016;
const LONGEST_QUOTE = 20;

/**
 * The shares of the two ends.
 * @param {number} alpha the share of the second
 */
export function ends(alpha) {
  return [1 - alpha, alpha];
}

/**
 * @param {number} alpha
 * @returns {number} the point that a dragged slider snaps to, or alpha
 */
export function snapped(alpha) {
  return SNAPS.find((point) => Math.abs(point - alpha) < SNAP_WITHIN) ?? alpha;
}

/**
 * The alpha that somebody has typed; null where it is no number.
 * @param {string} text
 */
export function clampedAlpha(text) {
  const alpha = text.trim() ? Number(text.replace(',', '.')) : Number.NaN;
  return Number.isFinite(alpha) ? Math.min(1, Math.max(0, alpha)) : null;
}

/**
 * Why what was typed is no alpha.
 * @param {string} text
 */
export function refusedAlpha(text) {
  const found = text.trim() ? `“${text.trim().slice(0, LONGEST_QUOTE)}”` : 'nothing';
  return `Expected a number from 0 to 1, such as 0.25, but got ${found}. Type another.`;
}

/**
 * The slider's value in words.
 * @param {number} alpha
 * @param {readonly string[]} labels of the ends
 */
export function percents(alpha, [first, second]) {
  return `${alpha.toFixed(2)}: ${Math.round((1 - alpha) * 100)} % ${first}, ${Math.round(alpha * 100)} % ${second}`;
}

/**
 * The path of a link to what is on screen; other parameters of the address stay.
 * @param {{ pathname: string, search: string }} location
 * @param {{ pair: string, alpha: number, example: string, isLinked: boolean }} shown isLinked: its picture is the one
 *   elsewhere that the address names
 */
export function address({ pathname, search }, { pair, alpha, example, isLinked }) {
  const query = new URLSearchParams(search);
  query.set('pair', pair);
  query.set('alpha', String(alpha));
  if (example) query.set('example', example); else query.delete('example');
  if (!isLinked) query.delete('picture');
  return `${pathname}?${query}`;
}
