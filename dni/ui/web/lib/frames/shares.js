// @ts-check
// Shares of the networks in a mix: one number for each end, with the sum 1.

/** @typedef {number[]} Shares one number for each end, with the sum 1 */

/** Shares that differ by less are the same. */
export const SHARE_TOLERANCE = 1e-6;

const DECIMALS = 4;

/**
 * A text that is the same for shares that are the same to four decimals.
 * @param {readonly number[]} shares
 * @returns {string}
 */
export function keyOf(shares) {
  return shares.map((share) => (Math.abs(share) < 5e-5 ? 0 : share).toFixed(DECIMALS)).join(' ');
}

/**
 * The mix that is one end alone.
 * @param {number} numEnds
 * @param {number} index
 * @returns {Shares}
 */
export function oneEnd(numEnds, index) {
  return Array.from({ length: numEnds }, (_, end) => (end === index ? 1 : 0));
}

/**
 * Whether no share is below 0 or above 1.
 * @param {readonly number[]} shares
 */
export function isInterpolation(shares) {
  return shares.every((share) => share >= -SHARE_TOLERANCE && share <= 1 + SHARE_TOLERANCE);
}

/**
 * Four decimals, with the sum 1: the largest share takes what rounding leaves, so that none gets below 0.
 * @param {readonly number[]} shares
 * @returns {Shares}
 */
export function rounded(shares) {
  const scale = 10 ** DECIMALS;
  const kept = shares.map((share) => Math.round(share * scale) / scale);
  const largest = kept.indexOf(Math.max(...kept));
  const rest = kept.reduce((sum, share, end) => sum + (end === largest ? 0 : share), 0);
  return kept.map((share, end) => (end === largest ? Math.round((1 - rest) * scale) / scale : share));
}

/**
 * Shares without those below 0, with the sum 1.
 * @param {readonly number[]} shares
 * @returns {Shares}
 */
export function clamped(shares) {
  const kept = shares.map((share) => Math.max(0, share));
  const sum = kept.reduce((total, share) => total + share, 0);
  return kept.map((share) => share / sum);
}

/**
 * Set one share; the others keep their proportions, so that the sum stays 1.
 * @param {readonly number[]} shares
 * @param {number} index
 * @param {number} share
 * @returns {Shares}
 */
export function withShare(shares, index, share) {
  const rest = shares.reduce((sum, value, end) => sum + (end === index ? 0 : value), 0);
  return shares.map((value, end) => {
    if (end === index) return share;
    return rest > SHARE_TOLERANCE ? (value * (1 - share)) / rest : (1 - share) / (shares.length - 1);
  });
}

/**
 * Task arithmetic (Ilharco et al., ICLR 2023): the first end plus multiples of the others' differences from it.
 * @param {readonly number[]} scales one for each end but the first
 * @returns {Shares}
 */
export function taskShares(scales) {
  return [1 - scales.reduce((sum, scale) => sum + scale, 0), ...scales];
}

/**
 * A share as whole per cent.
 * @param {number} share
 */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/**
 * Whole per cents that sum to 100: the shares that rounding down cut most get one more.
 * @param {readonly number[]} shares
 * @returns {string[]}
 */
export function percents(shares) {
  const exact = shares.map((share) => share * 100);
  const down = exact.map((value) => Math.floor(value + SHARE_TOLERANCE));
  const missing = Math.round(100 - down.reduce((sum, value) => sum + value, 0));
  const cut = exact.map((value, end) => value - down[end]);
  const mostCut = shares.map((_, end) => end).sort((one, other) => cut[other] - cut[one]);
  return down.map((value, end) => `${value + (mostCut.indexOf(end) < missing ? 1 : 0)} %`);
}

/**
 * The largest share in per cent: one number for a mix, where there is room for no more.
 * @param {readonly number[]} shares
 */
export function largestPercent(shares) {
  return Math.min(100, Math.round(100 * Math.max(...shares)));
}

/**
 * How much of each network but the first a mix has, and in which groups of layers it has other shares.
 * @param {{ shares: readonly number[], groups?: Record<string, readonly number[]> | null }} mix
 * @param {readonly string[]} labels
 * @returns {string}
 */
export function describeMix({ shares, groups }, labels) {
  const others = shares.map((share, end) => ({ share, label: labels[end] })).filter(({ share }, end) => end && share);
  const words = others.map(({ share, label }) => `${percent(share)} ${label}`).join(', ') || labels[0];
  const layers = Object.keys(groups ?? {});
  return layers.length ? `${words}; other shares in ${layers.join(', ')}` : words;
}
