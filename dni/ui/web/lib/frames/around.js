// @ts-check
// Three ends around the first, on a triangle: from places to shares and back.

import { taskShares } from './shares.js';

/** @typedef {import('./shares.js').Shares} Shares */

/**
 * Half-way between two corners around an end, each has so much of its look. Half of each hardly shows, and looks do not
 * add up: with both at 0.75 colours break, with both whole nothing is left of the picture (measured on the bundled looks).
 */
const BOTH_LOOKS = 0.6;

/** @param {number} value */
const fraction = (value) => Math.min(1, Math.max(0, value));

/**
 * The shares at a place in the triangle around the first end.
 * @param {readonly number[]} place barycentric
 * @returns {Shares}
 */
export function sharesOf(place) {
  const parts = place.map((part) => part - Math.min(...place));
  const strongest = parts.indexOf(Math.max(...parts));
  const others = parts.reduce((sum, part) => sum + part, 0) - parts[strongest];
  return taskShares(parts.map((part, end) => (
    end === strongest ? part + (2 * BOTH_LOOKS - 1) * others : 2 * BOTH_LOOKS * part
  )));
}

/**
 * The shares at a place in the triangle between the middle, a corner, and the middle between that and another corner.
 * @param {readonly number[]} place barycentric
 * @param {readonly number[]} order the number of the corner, and that of the other
 */
export function sharesOfPiece([, atCorner, between], [corner, other]) {
  const parts = [0, 0, 0];
  parts[corner] = atCorner + between / 2;
  parts[other] = between / 2;
  return sharesOf(placeOfParts(parts));
}

/**
 * How far a mix is from the middle towards its two nearest corners; those of the nearest place for a mix that has none.
 * @param {readonly number[]} shares
 * @returns {{ order: [first: number, second: number], parts: [first: number, second: number] }}
 */
export function partsOf([, ...scales]) {
  const [first, second, third] = [0, 1, 2].sort((one, other) => scales[other] - scales[one]);
  const other = fraction((scales[second] - Math.max(0, scales[third])) / (2 * BOTH_LOOKS));
  const strongest = fraction(scales[first] - Math.max(0, scales[third]) - (2 * BOTH_LOOKS - 1) * other);
  const sum = Math.max(1, strongest + other);
  return { order: [first, second], parts: [Math.max(strongest, other) / sum, other / sum] };
}

/**
 * Where a mix is in the triangle around the first end.
 * @param {readonly number[]} shares
 * @returns {number[]} barycentric
 */
export function placeOf(shares) {
  const { order, parts } = partsOf(shares);
  return placeOfParts([0, 1, 2].map((end) => parts[order.indexOf(end)] ?? 0));
}

/** @param {readonly number[]} parts towards the corners */
function placeOfParts(parts) {
  const rest = (1 - parts.reduce((sum, part) => sum + part, 0)) / 3;
  return parts.map((part) => part + rest);
}
