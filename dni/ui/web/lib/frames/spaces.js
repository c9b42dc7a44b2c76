// @ts-check
// The space of mixes that a control covers: a line for two ends, a triangle for three, a square for four, and
// sliders for more; or a triangle of three ends around a fourth. A space has nodes, whose frames are rendered ahead, and says which nodes surround a mix and
// with which weights. On a pad, x and y run from 0 to 1, from left to right and from top to bottom.

import { partsOf, placeOf, sharesOf, sharesOfPiece } from './around.js';
import { isInterpolation, keyOf, SHARE_TOLERANCE } from './shares.js';

/** @typedef {import('./shares.js').Shares} Shares */
/** @typedef {{ x: number, y: number }} PadPoint */
/** @typedef {[node: Shares, weight: number]} WeightedNode */

export const LINE_STEPS = 10;
export const PAD_STEPS = 4;
/** Around an end: of each of the six triangles between it, a corner, and the middle between two corners. */
const AROUND_STEPS = 3;
/** Shares that differ by less look the same on a pad. */
const ON_PAD = 0.002;
/** How far beyond the ends a slider goes, where that is asked for. */
export const BEYOND = 0.5;

/** @param {number} value */
const fraction = (value) => Math.min(1, Math.max(0, value));

/**
 * The interval that holds a value on a scale of `steps` intervals from 0 to 1.
 * @param {number} value
 * @param {number} steps
 * @returns {{ low: number, part: number }} the index of its lower end, and how far the value is to the upper one
 */
export function intervalOf(value, steps) {
  const at = steps * fraction(value);
  const low = Math.min(steps - 1, Math.floor(at + SHARE_TOLERANCE));
  return { low, part: fraction(at - low) };
}

/** Two ends: a line from the first, at alpha 0, to the second, at alpha 1. */
export class LineSpace {
  /** @readonly */
  kind = 'line';

  /** @param {readonly number[]} shares */
  holds(shares) { return isInterpolation(shares); }

  /** @type {Shares[]} */
  nodes = Array.from({ length: LINE_STEPS + 1 }, (_, step) => [1 - step / LINE_STEPS, step / LINE_STEPS]);

  /**
   * @param {readonly number[]} shares
   * @returns {WeightedNode[]}
   */
  around(shares) {
    const { low, part } = intervalOf(shares[1], LINE_STEPS);
    return [[this.nodes[low], 1 - part], [this.nodes[low + 1], part]];
  }
}

/** Three ends: a triangle with the first on top, the second at the left and the third at the right. */
export class TriangleSpace {
  /** @readonly */
  kind = 'triangle';
  /** @readonly */
  numEnds = 3;

  /** @type {Shares[]} */
  nodes = [];

  /** @param {number} [steps] of the nodes along an edge */
  constructor(steps = PAD_STEPS) {
    this.steps = steps;
    for (let first = 0; first <= steps; first++) {
      for (let second = 0; first + second <= steps; second++) {
        this.nodes.push([first, second, steps - first - second].map((count) => count / steps));
      }
    }
  }

  /** @param {readonly number[]} shares */
  holds(shares) { return isInterpolation(shares); }

  /**
   * The plane is cut into small triangles that point up or down; the weights are barycentric in them.
   * @param {readonly number[]} shares
   * @returns {WeightedNode[]}
   */
  around(shares) {
    const { steps } = this;
    const at = shares.map((share) => share * steps);
    const low = at.map((value) => Math.floor(value + SHARE_TOLERANCE));
    const part = at.map((value, end) => Math.max(0, value - low[end]));
    const missing = steps - low.reduce((sum, value) => sum + value, 0);
    if (missing <= 0) return [[low.map((count) => count / steps), 1]];
    const pointsUp = missing === 1;
    return [0, 1, 2].map((corner) => {
      const node = low.map((count, end) => (count + ((end === corner) === pointsUp ? 1 : 0)) / steps);
      return [node, pointsUp ? part[corner] : 1 - part[corner]];
    });
  }

  /**
   * @param {readonly number[]} shares
   * @returns {PadPoint}
   */
  pointOf(shares) {
    return { x: shares[0] / 2 + shares[2], y: 1 - shares[0] };
  }

  /**
   * The shares at a point, or at one on the edge for a point outside.
   * @param {PadPoint} point
   * @returns {Shares}
   */
  sharesAt({ x, y }) {
    const first = fraction(1 - y);
    const third = Math.min(1 - first, Math.max(0, x - first / 2));
    return [first, 1 - first - third, third];
  }
}

/** Four ends: a square with the first two on top and the last two below; shares are bilinear. */
export class SquareSpace {
  /** @readonly */
  kind = 'square';
  /** @readonly */
  numEnds = 4;

  /** @type {Shares[]} */
  nodes = [];

  constructor() {
    for (let row = 0; row <= PAD_STEPS; row++) {
      for (let column = 0; column <= PAD_STEPS; column++) {
        this.nodes.push(this.sharesAt({ x: column / PAD_STEPS, y: row / PAD_STEPS }));
      }
    }
  }

  /** @param {readonly number[]} shares */
  holds(shares) { return isInterpolation(shares); }

  /**
   * @param {readonly number[]} shares
   * @returns {WeightedNode[]}
   */
  around(shares) {
    const { x, y } = this.pointOf(shares);
    const [across, down] = [intervalOf(x, PAD_STEPS), intervalOf(y, PAD_STEPS)];
    /** @type {WeightedNode[]} */
    const corners = [];
    for (const [column, width] of [[0, 1 - across.part], [1, across.part]]) {
      for (const [row, height] of [[0, 1 - down.part], [1, down.part]]) {
        const node = { x: (across.low + column) / PAD_STEPS, y: (down.low + row) / PAD_STEPS };
        corners.push([this.sharesAt(node), width * height]);
      }
    }
    return corners;
  }

  /**
   * @param {readonly number[]} shares
   * @returns {PadPoint}
   */
  pointOf(shares) {
    return { x: shares[1] + shares[3], y: shares[2] + shares[3] };
  }

  /**
   * The shares at a point, or at one on the edge for a point outside.
   * @param {PadPoint} point
   * @returns {Shares}
   */
  sharesAt({ x, y }) {
    const [right, down] = [fraction(x), fraction(y)];
    return [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down];
  }
}

/**
 * Three ends around the first, from which they were fine-tuned: the distance from the middle says how much of their
 * looks is added. A corner is one look, the middle the first end alone.
 */
export class AroundSpace {
  /** @readonly */
  kind = 'around';
  /** @readonly */
  numEnds = 4;

  #triangle = new TriangleSpace();
  #piece = new TriangleSpace(AROUND_STEPS);

  /** @type {Shares[]} */
  nodes = [];

  constructor() {
    const nodes = new Map();
    for (const order of [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]) {
      for (const node of this.#piece.nodes) {
        const shares = sharesOfPiece(node, order);
        nodes.set(keyOf(shares), shares);
      }
    }
    this.nodes = [...nodes.values()];
  }

  /**
   * Whether the pad has a place for a mix.
   * @param {readonly number[]} shares
   */
  holds(shares) {
    const near = this.sharesAt(this.pointOf(shares));
    return near.every((share, end) => Math.abs(share - shares[end]) < ON_PAD);
  }

  /**
   * @param {readonly number[]} shares
   * @returns {WeightedNode[]}
   */
  around(shares) {
    const { order, parts: [strongest, other] } = partsOf(shares);
    const inPiece = [1 - strongest - other, strongest - other, 2 * other];
    return this.#piece.around(inPiece).map(([node, weight]) => [sharesOfPiece(node, order), weight]);
  }

  /**
   * @param {readonly number[]} shares
   * @returns {PadPoint}
   */
  pointOf(shares) {
    return this.#triangle.pointOf(placeOf(shares));
  }

  /**
   * The shares at a point, or at one on the edge for a point outside.
   * @param {PadPoint} point
   * @returns {Shares}
   */
  sharesAt(point) {
    return sharesOf(this.#triangle.sharesAt(point));
  }
}

/** Any number of ends: sliders, without nodes. */
export class SlidersSpace {
  /** @readonly */
  kind = 'sliders';

  /** @type {Shares[]} */
  nodes = [];

  /** Without nodes there is nothing to fade between. */
  holds() { return false; }

  /** @returns {WeightedNode[]} */
  around() {
    return [];
  }
}

/** @typedef {TriangleSpace | SquareSpace | AroundSpace} PadSpace */
/** @typedef {LineSpace | PadSpace | SlidersSpace} MixSpace */

/**
 * Whether a space is shown as a pad.
 * @param {MixSpace} space
 * @returns {space is PadSpace}
 */
export function isPad(space) {
  return space instanceof TriangleSpace || space instanceof SquareSpace || space instanceof AroundSpace;
}

/**
 * The space for a number of ends; a pad has no place for shares beyond them.
 * @param {number} numEnds
 * @param {{ tasks?: boolean, beyond?: boolean, isAround?: boolean }} options isAround: the first of four is in the middle
 * @returns {MixSpace}
 */
export function spaceFor(numEnds, { tasks = false, beyond = false, isAround = false }) {
  if (tasks || (beyond && numEnds > 2)) return new SlidersSpace();
  if (numEnds === 2) return new LineSpace();
  if (numEnds === 3) return new TriangleSpace();
  if (numEnds === 4 && isAround) return new AroundSpace();
  return numEnds === 4 ? new SquareSpace() : new SlidersSpace();
}
