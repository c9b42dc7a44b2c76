// @ts-check
// The networks' answers as the page keeps them, decoded, and the texts that follow from them.

import { Series, decodePositions, decodeProbabilities, percent } from './numbers.js';

/** @typedef {import('../protocol.js').Subject} Subject */
/** @typedef {Subject & { title: string, alpha: number }} Choice `title` of the method */

/**
 * Answers at all alphas. `curve` holds the accuracy of each domain; that of the own picture is out of date while
 * `isCurveStale`.
 * @typedef {Subject & {
 *   title: string, serial: string, titles: string[], notes: string[], source: { title: string, isMnist: boolean },
 *   counts: number[], measured: import('../protocol.js').Facts | null, labels: number[], pixels: string, alphas: number[],
 *   probabilities: Series, map: Series, mapLabels: number[][], curve: Series | null, isCurveStale: boolean,
 * }} Predictions
 */

/**
 * Answers of the blended network itself at one alpha.
 * @typedef {object} Exact
 * @property {number} alpha
 * @property {Float32Array} probabilities (4, 40, 10)
 * @property {Float32Array} positions (2, n, 2)
 * @property {number[]} accuracy of each domain
 * @property {number} milliseconds
 */

/**
 * @param {Subject} one
 * @param {Subject} other
 */
export function haveSameNetworks(one, other) {
  return one.method === other.method && one.token === other.token;
}

/**
 * @param {Subject} one
 * @param {Subject} other
 */
export function areSame(one, other) {
  return haveSameNetworks(one, other) && one.strength === other.strength;
}

/**
 * @param {import('../protocol.js').PredictionsReply} reply
 * @param {Subject} asked
 * @param {string} title
 * @param {Predictions | null} before What was shown until now.
 * @returns {Predictions}
 */
export function decodePredictions(reply, asked, title, before) {
  const { serial, titles, notes, source, counts, measured, labels, pixels, alphas } = reply;
  // With another strength alone, the last curve stays right for the domains without a picture.
  const keepsCurve = before && haveSameNetworks(before, asked) && before.serial === serial;
  return {
    ...asked,
    ...{ title, serial, titles, notes, source, counts, measured, labels, pixels, alphas },
    probabilities: new Series(alphas, decodeProbabilities(reply.probs)),
    map: new Series(alphas, decodePositions(reply.map.positions)),
    mapLabels: reply.map.labels,
    curve: keepsCurve ? before.curve : null,
    isCurveStale: true,
  };
}

/**
 * @param {import('../protocol.js').ExactReply} reply
 * @param {number} alpha
 * @returns {Exact}
 */
export function decodeExact(reply, alpha) {
  const { accuracy, milliseconds } = reply;
  const probabilities = decodeProbabilities(reply.probs);
  return { alpha, accuracy, milliseconds, probabilities, positions: decodePositions(reply.map) };
}

/**
 * @param {Predictions} predictions
 * @param {Exact | null} exact
 * @param {number} alpha
 * @returns {string[]} Each domain's accuracy in words; an ellipsis where it is not known yet.
 */
export function accuracyTexts(predictions, exact, alpha) {
  const curve = predictions.curve?.at(alpha);
  const own = predictions.titles.length - 1;
  return predictions.titles.map((_, domain) => {
    // What ships over an example is interpolated between few alphas, and of few digits: a decimal would be made up.
    const decimals = predictions.measured && domain === own ? 0 : 1;
    if (exact) return percent(exact.accuracy[domain], decimals);
    const isKnown = curve && !(predictions.isCurveStale && domain === own);
    return isKnown ? percent(curve[domain], decimals) : '…';
  });
}

/**
 * @param {number} alpha
 * @param {{ titles: string[] }} predictions
 * @param {{ accuracy: number[] }} exact
 * @returns {string} The accuracy chart's content for a screen reader.
 */
export function chartText(alpha, { titles }, { accuracy }) {
  const words = titles.map((title, domain) => `${title} ${percent(accuracy[domain])}`).join(', ');
  return `Accuracy along alpha; at ${alpha.toFixed(2)}: ${words}`;
}
