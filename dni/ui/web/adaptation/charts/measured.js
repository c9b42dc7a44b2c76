// @ts-check
// What ships of the networks' measures, as sentences: on how many digits, which inks, how bright a patch.

import { Series, percent } from '../samples/numbers.js';

/** @typedef {import('../protocol.js').Facts} Facts */

// Half of a 95 % interval, at an accuracy of one half.
const HALF_INTERVAL = 0.98;

/** @param {number} count Of digits. */
function pointsOf(count) {
  const points = (100 * HALF_INTERVAL) / Math.sqrt(count);
  return points < 1.5 ? points.toFixed(1) : String(Math.round(points));
}

/**
 * @param {readonly number[]} counts Test digits of a fixed domain, and over a picture.
 * @param {Facts | null} facts
 * @param {string} title Of the method.
 * @returns {string} What all accuracies are based on, said once.
 */
export function basisText([domain, yours], facts, title) {
  const many = (/** @type {number} */ count) => count.toLocaleString('en');
  const digits = domain === yours
    ? `${many(domain)} of MNIST's test digits in each domain (± ${pointsOf(domain)} points at most)`
    : `MNIST's test digits: ${many(domain)} in each domain (± ${pointsOf(domain)} points at most), ${many(yours)} in Yours (± ${pointsOf(yours)})`;
  const start = `Accuracy is measured on ${digits}; no network has learnt from them.`;
  if (!facts) return start;
  const { seed, seeds, alphas, pictureAlphas } = facts;
  // The wall may lie over other photographs, where those are not here.
  const how = `It is measured at ${alphas.length} alphas (${pictureAlphas.length} over an example picture), interpolated in between; MNIST-M's digits lie over BSDS500's test photographs.`;
  const networks = `${start} ${how} These networks are of seed ${seed}`;
  if (!seeds) return `${networks}.`;
  const { count, mean, std } = seeds;
  const read = (100 * mean).toFixed(1);
  if (count === 1) return `${networks}, the only one: ${title} reads ${read} % of MNIST-M.`;
  return `${networks}; over ${count} seeds ${title} reads ${read} ± ${(100 * std).toFixed(1)} % of MNIST-M (mean and standard deviation).`;
}

/**
 * @param {Facts | null} facts
 * @param {string} title Of the method.
 * @returns {string} How well all features tell the domains apart, which two axes do not show; empty if nobody knows.
 */
export function domainsText(facts, title) {
  if (!facts?.seeds) return '';
  const share = percent(facts.seeds.domain_accuracy);
  return `A classifier trained on all features of ${title} (alpha 1) tells MNIST from MNIST-M ${share} of the time; 50 % would be chance.`;
}

/** @param {Facts} facts */
export function inkSeries({ alphas, inks }) {
  return new Series(alphas, inks.accuracy.flat());
}

/**
 * @param {Facts} facts
 * @param {string} title Of the method.
 * @returns {string} What the chart of inks shows.
 */
export function inkText({ alphas, inks, norms, inkCount }, title) {
  const lowest = Math.min(...inks.accuracy.flat());
  const row = inks.accuracy.findIndex((values) => values.includes(lowest));
  const ink = inks.accuracy[row].indexOf(lowest);
  const at = (/** @type {number} */ index) => percent(inks.accuracy[index][ink]);
  const middle = alphas.indexOf(0.5);
  const fate = `Of ${inks.names[ink]} digits on black ${at(0)} are read at alpha 0, ${at(middle)} at 0.5 and ${at(alphas.length - 1)} at 1`;
  const spectrum = norms[1].map((norm) => norm.toFixed(2)).join(', ');
  const weights = `The first convolution of ${title} has the norms ${spectrum} for red, green and blue`;
  return `${fate}; ${inkCount.toLocaleString('en')} digits in each ink. ${weights}.`;
}

/**
 * Accuracy by the brightness of the patch, 0 (black) to 1: MNIST lies on black, inverted digits on white.
 *
 * @param {Facts} facts
 * @param {Float32Array} domains Accuracy on MNIST, MNIST-M and inverted digits at `alpha`.
 * @param {number} alpha
 */
export function brightnessRow({ alphas, brightness }, domains, alpha) {
  const inside = new Series(alphas, brightness.accuracy.flat()).at(alpha);
  return [domains[0], ...inside, domains[2]];
}

/** @param {Facts} facts */
export function brightnessPoints({ brightness: { edges } }) {
  return [0, ...edges.slice(1).map((edge, n) => (edge + edges[n]) / 2 / 256), 1];
}

/**
 * @param {Facts} facts
 * @param {string} title Of the method.
 * @returns {string} What the chart of brightness shows.
 */
export function brightnessText({ brightness: { edges, counts, accuracy } }, title) {
  const half = edges.findIndex((edge) => edge >= 128);
  const bright = (/** @type {number[]} */ row) => meanOf(row.slice(half), counts.slice(half));
  const [first, last] = [accuracy[0], accuracy[accuracy.length - 1]];
  const read = `On patches brighter than ${edges[half]} source only reads ${percent(bright(first))} of MNIST-M's digits, ${title} ${percent(bright(last))}`;
  return `MNIST lies on black, inverted digits on white, MNIST-M in between: on a bright patch the strokes are dark. ${read}.`;
}

/**
 * @param {readonly number[]} values
 * @param {readonly number[]} weights
 */
function meanOf(values, weights) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce((sum, value, n) => sum + value * weights[n], 0) / total;
}
