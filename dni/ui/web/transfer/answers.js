// @ts-check
// Arithmetic on the networks' answers and on what was measured of them; needs no page.

/**
 * The answer of logits at a temperature (Hinton et al., 2015, section 2): the higher, the softer.
 * @param {readonly number[]} logits
 * @param {number} [temperature] Above 0.
 * @returns {number[]} Probabilities.
 */
export function softmax(logits, temperature = 1) {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - most) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * @param {readonly number[]} logits
 * @param {number} digit
 * @param {number} bias Added to the logit of that digit.
 */
export function withBias(logits, digit, bias) {
  return logits.map((logit, index) => (index === digit ? logit + bias : logit));
}

/**
 * Where a value lies among increasing points, and how far it is to the next one.
 * @param {readonly number[]} points
 * @param {number} value
 */
function between(points, value) {
  const next = points.findIndex((point) => point > value);
  const low = next < 0 ? points.length - 1 : Math.max(0, next - 1);
  const high = next < 0 ? low : next;
  const share = high === low ? 0 : Math.min(1, Math.max(0, (value - points[low]) / (points[high] - points[low])));
  return { low, high, share };
}

/**
 * The row at a value between points, linearly interpolated.
 * @param {readonly number[]} points Increasing.
 * @param {readonly (readonly number[])[]} rows One a point.
 * @param {number} value Outside of the points the nearest one counts.
 * @returns {number[]}
 */
export function rowAt(points, rows, value) {
  const { low, high, share } = between(points, value);
  return rows[low].map((number, index) => (1 - share) * number + share * rows[high][index]);
}

/**
 * The number at two values between points, bilinearly interpolated.
 * @param {{ rows: readonly number[], columns: readonly number[] }} points Increasing.
 * @param {readonly (readonly number[])[]} grid (rows, columns)
 * @param {number} row
 * @param {number} column
 */
export function gridAt({ rows, columns }, grid, row, column) {
  const numbers = rowAt(rows, grid, row);
  return rowAt(columns, numbers.map((number) => [number]), column)[0];
}

/** @param {{ mean: number, deviation: number }} measured Shares, 0 to 1. */
export function measuredText({ mean, deviation }) {
  return `${(100 * mean).toFixed(1)} ± ${(100 * deviation).toFixed(1)} %`;
}

/**
 * What a path into a report names, as it is said in a sentence.
 * @param {unknown} report
 * @param {string} path Names and indices with dots between them, to a measured share.
 * @param {boolean} [spread] Say the standard deviation too.
 * @returns {string} Where nothing was measured, that.
 */
export function measuredAt(report, path, spread = false) {
  const found = path.split('.').reduce((part, name) => /** @type {any} */ (part)?.[name], report);
  const { mean, deviation } = /** @type {{ mean?: unknown, deviation?: unknown }} */ (found ?? {});
  if (typeof mean !== 'number' || typeof deviation !== 'number') return '(not measured)';
  return spread ? measuredText({ mean, deviation }) : `${(100 * mean).toFixed(1)} %`;
}
