// @ts-check
// Where the parts of the trade-off curve are drawn: distortion across, perception up (Blau and Michaeli,
// CVPR 2018). All positions are in the units of the chart's view box.

/** @typedef {import('../../lib/protocol.js').CurvePoint} CurvePoint */
/** @typedef {[x: number, y: number]} Position */

const HEIGHT = 390;
const MARGINS = { left: 92, bottom: 52, top: 14, right: 16 };
const WIDTHS = { least: 300, most: 640 };
/** Room beyond the extreme values, as a part of their range. */
const PADDING = 0.06;
const DIGITS = 3;

/**
 * A linear scale from values to positions, with some room at both sides.
 * @param {readonly number[]} values
 * @param {number} from
 * @param {number} to
 */
export function linearScale(values, from, to) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const padding = (most - least || 1) * PADDING;
  /** @param {number} value */
  const at = (value) => from + ((value - least + padding) / (most - least + 2 * padding)) * (to - from);
  return { at, ticks: [least, (least + most) / 2, most] };
}

/**
 * A tick's value to three digits.
 * @param {number} value
 */
export function tickText(value) {
  return Number(value.toPrecision(DIGITS)).toString();
}

/**
 * As wide as the chart is shown, so that its letters stay readable.
 * @param {number} shown in CSS pixels; 0 where it is hidden
 */
export function chartWidth(shown) {
  return Math.min(WIDTHS.most, Math.max(WIDTHS.least, shown || WIDTHS.most));
}

/**
 * The name of a point for screen readers.
 * @param {CurvePoint} point
 */
export function pointName({ alpha }) {
  return `alpha ${alpha.toFixed(2)}`;
}

/**
 * What hovering over a point shows.
 * @param {CurvePoint} point
 */
export function pointText(point) {
  return `${pointName(point)}: ${point.text}`;
}

/**
 * @param {readonly CurvePoint[]} points
 * @param {number} width see chartWidth()
 */
export function layoutChart(points, width) {
  const { left, bottom, top, right } = MARGINS;
  const base = HEIGHT - bottom;
  const across = linearScale(points.map((point) => point.distortion), left, width - right);
  const up = linearScale(points.map((point) => point.perception), base, top);
  const middle = base / 2;
  return {
    width,
    height: HEIGHT,
    positions: points.map((point) => /** @type {Position} */ ([across.at(point.distortion), up.at(point.perception)])),
    horizontal: { x1: left, y1: base, x2: width - right, y2: base },
    vertical: { x1: left, y1: top, x2: left, y2: base },
    ticksAcross: across.ticks.map((value) => ({ x: across.at(value), y: base + 17, text: tickText(value) })),
    ticksUp: up.ticks.map((value) => ({ x: left - 6, y: up.at(value) + 4, text: tickText(value) })),
    titleAcross: { x: (left + width) / 2, y: HEIGHT - 10 },
    titleUp: { x: 16, y: middle, transform: `rotate(-90 16 ${middle})` },
  };
}

/**
 * Where an alpha lies on the line through the points.
 * @param {readonly CurvePoint[]} points in order of alpha
 * @param {readonly Position[]} positions of the points
 * @param {number} alpha
 * @returns {Position}
 */
export function positionOf(points, positions, alpha) {
  const found = points.findIndex((point) => point.alpha >= alpha - 1e-9);
  const high = found < 0 ? points.length - 1 : found;
  const low = Math.max(0, high - (found < 0 ? 0 : 1));
  const width = points[high].alpha - points[low].alpha;
  const part = width > 0 ? Math.min(1, Math.max(0, (alpha - points[low].alpha) / width)) : 1;
  const [from, to] = [positions[low], positions[high]];
  return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
}
