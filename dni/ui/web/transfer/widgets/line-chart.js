// @ts-check
// Lines with their deviations over a few points, and a marker that follows a slider.

import { FONT, Surface } from '../../adaptation/charts/canvas.js';
import { attachSidewaysPick } from '../../adaptation/charts/sideways-pick.js';

const MARGIN = { left: 44, right: 12, top: 10, bottom: 22 };
const WHISKER = 4;

/**
 * @typedef {object} ChartLine
 * @property {string} colour Name of a custom property.
 * @property {number[]} dash
 * @property {readonly { mean: number, deviation: number }[]} points
 */

/**
 * Steps of the vertical axis that are round numbers and not too many.
 * @param {number} low
 * @param {number} high
 * @returns {number[]} From at most `low` to at least `high`, as far as 0 and 1 allow.
 */
export function roundSteps(low, high) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25].find((size) => (high - low) / size <= 5) ?? 0.25;
  const first = Math.max(0, Math.floor(low / step + 1e-9));
  const last = Math.min(Math.round(1 / step), Math.max(first + 1, Math.ceil(high / step - 1e-9)));
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/**
 * How high a value is on the axis of some steps; outside of it the nearest end counts.
 * @param {number} value
 * @param {readonly number[]} steps Increasing.
 * @returns {number} From 0, at the first step, to 1, at the last.
 */
export function heightOf(value, steps) {
  const [low, high] = [steps[0], steps[steps.length - 1]];
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/**
 * The least and the most of some points, with their whiskers: what an axis has to hold.
 * @param {readonly { mean: number, deviation: number }[]} points
 * @returns {[number, number]}
 */
export function rangeOf(points) {
  return [
    Math.min(...points.map(({ mean, deviation }) => mean - deviation)),
    Math.max(...points.map(({ mean, deviation }) => mean + deviation)),
  ];
}

/**
 * Per cent, with as many digits as the steps of an axis need.
 * @param {number} share
 */
function axisText(share) {
  return `${Math.round(100 * share)} %`;
}

export class LineChart {
  /** @type {readonly ChartLine[]} */
  lines = [];
  /** @type {readonly string[]} Below the points, as many as each line has; empty ones are left out. */
  ticks = [];
  /** @type {[number, number]} What the vertical axis has to hold; it goes on to the next round number. */
  range = [0, 1];
  /** @type {readonly number[]} Of the vertical axis. */
  #steps = [0, 1];

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} options
   * @param {import('../../adaptation/charts/canvas.js').Palette} options.palette
   * @param {(position: number) => void} options.onPick Given a position between the first point, 0, and the last.
   * @param {() => void} options.onShow
   */
  constructor(canvas, { palette, onPick, onShow }) {
    this.palette = palette;
    this.surface = new Surface(canvas, onShow);
    attachSidewaysPick(canvas, ({ clientX }) => {
      const box = canvas.getBoundingClientRect();
      const share = (clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
      onPick(Math.min(1, Math.max(0, share)) * (this.ticks.length - 1));
    });
  }

  /** @param {number} position */
  #x(position) {
    const width = this.surface.width - MARGIN.left - MARGIN.right;
    return MARGIN.left + (position / Math.max(1, this.ticks.length - 1)) * width;
  }

  /** @param {number} value */
  #y(value) {
    return MARGIN.top + (1 - heightOf(value, this.#steps)) * (this.surface.height - MARGIN.top - MARGIN.bottom);
  }

  /** @param {number} marker From 0, the first point, to the last. */
  draw(marker) {
    const context = this.surface.clear();
    if (!context || !this.ticks.length) return;
    this.#steps = roundSteps(...this.range);
    this.#drawAxes(context);
    this.#drawMarker(context, marker);
    for (const line of this.lines) this.#drawLine(context, line);
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawAxes(context) {
    context.font = `12px ${FONT}`;
    context.lineWidth = 1;
    context.strokeStyle = this.palette.get('--dni-rule');
    context.fillStyle = this.palette.get('--dni-soft-ink');
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const share of this.#steps) {
      const y = Math.round(this.#y(share)) + 0.5;
      strokeLine(context, [[this.#x(0), y], [this.#x(this.ticks.length - 1), y]]);
      context.fillText(axisText(share), this.#x(0) - 6, y);
    }
    context.textBaseline = 'bottom';
    this.ticks.forEach((text, index) => {
      context.textAlign = index === 0 ? 'left' : index === this.ticks.length - 1 ? 'right' : 'center';
      if (text) context.fillText(text, this.#x(index), this.surface.height);
    });
    context.textAlign = 'left';
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} marker
   */
  #drawMarker(context, marker) {
    context.strokeStyle = this.palette.get('--dni-ink');
    context.lineWidth = 1.5;
    strokeLine(context, [[this.#x(marker), MARGIN.top], [this.#x(marker), this.surface.height - MARGIN.bottom]]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {ChartLine} line
   */
  #drawLine(context, { colour, dash, points }) {
    context.strokeStyle = this.palette.get(colour);
    context.lineWidth = 2.2;
    context.lineJoin = 'round';
    context.setLineDash(dash);
    strokeLine(context, points.map(({ mean }, index) => [this.#x(index), this.#y(mean)]));
    context.setLineDash([]);
    context.lineWidth = 1.2;
    if (points.length > 8) return;
    points.forEach(({ mean, deviation }, index) => {
      const [x, top, bottom] = [this.#x(index), this.#y(mean + deviation), this.#y(mean - deviation)];
      strokeLine(context, [[x - WHISKER, top], [x + WHISKER, top]]);
      strokeLine(context, [[x, top], [x, bottom]]);
      strokeLine(context, [[x - WHISKER, bottom], [x + WHISKER, bottom]]);
    });
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number[][]} points (x, y) each
 */
function strokeLine(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}
