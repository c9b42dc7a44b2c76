// @ts-check
// Where a pad's points lie on its canvas, and how the keyboard moves them.

import { oneEnd } from '../../lib/frames/shares.js';

/** @typedef {import('../../lib/frames/shares.js').Shares} Shares */
/** @typedef {import('../../lib/frames/spaces.js').PadPoint} PadPoint */
/** @typedef {import('../../lib/frames/spaces.js').PadSpace} PadSpace */
/** @typedef {{ width: number, height: number }} Size in CSS pixels */

/** Room around the pad for the dots on its corners and, above and below, for their names, in CSS pixels. */
const MARGIN = { x: 16, y: 30 };
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
  return { x: (x - MARGIN.x) / (width - 2 * MARGIN.x), y: (y - MARGIN.y) / (height - 2 * MARGIN.y) };
}

/**
 * @param {PadPoint} point on the pad
 * @param {Size} canvas
 * @returns {PadPoint} on the canvas, in CSS pixels
 */
export function toCanvas({ x, y }, { width, height }) {
  return { x: MARGIN.x + x * (width - 2 * MARGIN.x), y: MARGIN.y + y * (height - 2 * MARGIN.y) };
}

/**
 * Where the ends are on the canvas: on the pad's corners, and one perhaps in the middle.
 * @param {PadSpace} space
 * @param {Size} canvas
 * @returns {PadPoint[]}
 */
export function corners(space, canvas) {
  const { numEnds } = space;
  return Array.from({ length: numEnds }, (_, end) => toCanvas(space.pointOf(oneEnd(numEnds, end)), canvas));
}

const OUTLINES = { triangle: [0, 1, 2], square: [0, 1, 3, 2], around: [1, 2, 3] };

/**
 * The ends in the order in which a line around the pad meets them.
 * @param {PadSpace} space
 */
export function outline(space) {
  return OUTLINES[space.kind];
}

/**
 * Where an end's name is written: above a corner at the top, below all others, and within the canvas.
 * @param {PadPoint} place of the end on the canvas
 * @param {Size} canvas
 * @returns {{ x: number, y: number, align: CanvasTextAlign, width: number }} the middle of the line, and its room
 */
export function namePlace({ x, y }, { width, height }) {
  const isTop = y < height / 4;
  const align = x < width / 3 ? 'left' : x > (2 * width) / 3 ? 'right' : 'center';
  const edge = { left: 2, right: width - 2, center: x }[align];
  return { x: edge, y: isTop ? y - 19 : y + 19, align, width: align === 'center' ? width - 8 : width / 2 - 6 };
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
