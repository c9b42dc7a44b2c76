// @ts-check
// Where a pad's points lie on its canvas, and how the keyboard moves them.

import { oneEnd } from '../../lib/shares.js';

/** @typedef {import('../../lib/shares.js').Shares} Shares */
/** @typedef {import('../../lib/spaces.js').PadPoint} PadPoint */
/** @typedef {import('../../lib/spaces.js').PadSpace} PadSpace */
/** @typedef {{ width: number, height: number }} Size in CSS pixels */

/** Room around the pad for the dots on its corners, in CSS pixels. */
const MARGIN = 16;
const KEY_STEP = 0.05;

/** @type {Readonly<Record<string, PadPoint>>} */
const ARROWS = {
  ArrowLeft: { x: -KEY_STEP, y: 0 },
  ArrowRight: { x: KEY_STEP, y: 0 },
  ArrowUp: { x: 0, y: -KEY_STEP },
  ArrowDown: { x: 0, y: KEY_STEP },
};

/**
 * @param {PadPoint} position on the canvas, in CSS pixels
 * @param {Size} canvas
 * @returns {PadPoint} on the pad, from 0 to 1 inside
 */
export function toPad({ x, y }, { width, height }) {
  return { x: (x - MARGIN) / (width - 2 * MARGIN), y: (y - MARGIN) / (height - 2 * MARGIN) };
}

/**
 * @param {PadPoint} point on the pad
 * @param {Size} canvas
 * @returns {PadPoint} on the canvas, in CSS pixels
 */
export function toCanvas({ x, y }, { width, height }) {
  return { x: MARGIN + x * (width - 2 * MARGIN), y: MARGIN + y * (height - 2 * MARGIN) };
}

/**
 * The pad's corners on the canvas, one for each end.
 * @param {PadSpace} space
 * @param {Size} canvas
 * @returns {PadPoint[]}
 */
export function corners(space, canvas) {
  const numEnds = space.kind === 'triangle' ? 3 : 4;
  return Array.from({ length: numEnds }, (_, end) => toCanvas(space.pointOf(oneEnd(numEnds, end)), canvas));
}

/**
 * The ends in the order in which a line around the pad meets them.
 * @param {PadSpace} space
 */
export function outline(space) {
  return space.kind === 'triangle' ? [0, 1, 2] : [0, 1, 3, 2];
}

/**
 * The mix after a key on the pad: an arrow moves it, a number goes to that end. Null for other keys.
 * @param {string} key
 * @param {PadSpace} space
 * @param {readonly number[]} shares
 * @returns {Shares | null}
 */
export function sharesAfterKey(key, space, shares) {
  const step = Object.hasOwn(ARROWS, key) ? ARROWS[key] : null;
  if (step) {
    const { x, y } = space.pointOf(shares);
    return space.sharesAt({ x: x + step.x, y: y + step.y });
  }
  const end = Number(key);
  return Number.isInteger(end) && end >= 1 && end <= shares.length ? oneEnd(shares.length, end - 1) : null;
}
