// @ts-check
// Lines over 0 to 1, each with its own colour and dash, and a marker that follows a slider.

import { FONT, Surface } from './canvas.js';
import { attachSidewaysPick } from './sideways-pick.js';
import { percent } from '../samples/numbers.js';

const MARGIN = { left: 44, right: 10, top: 8, bottom: 22 };
const GRID_LINES = [0, 0.25, 0.5, 0.75, 1];

/** @typedef {{ colour: string, dash: number[] }} Line `colour` is the name of a custom property. */
/** @typedef {{ at: number, text: string }} Tick */

/** Where shares from 0 to 1 lie on a canvas of this size, in CSS pixels. */
export class ChartScale {
  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
  }

  /** @param {number} share */
  x(share) {
    return MARGIN.left + share * (this.width - MARGIN.left - MARGIN.right);
  }

  /** @param {number} share */
  y(share) {
    return MARGIN.top + (1 - share) * (this.height - MARGIN.top - MARGIN.bottom);
  }

  /** @param {number} x */
  shareAt(x) {
    const share = (x - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right);
    return Math.min(1, Math.max(0, share));
  }
}

export class Chart {
  /** @type {import('../samples/numbers.js').Series | null} A column for each line, over 0 to 1. */
  series = null;
  /** Shown while there are no lines. */
  note = 'measuring…';

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} options
   * @param {import('./canvas.js').Palette} options.palette
   * @param {readonly Line[]} options.lines
   * @param {readonly Tick[]} options.ticks
   * @param {(share: number) => void} [options.onPick] Called on a click or drag.
   * @param {() => void} options.onShow
   */
  constructor(canvas, { palette, lines, ticks, onPick, onShow }) {
    this.canvas = canvas;
    this.palette = palette;
    this.lines = lines;
    this.ticks = ticks;
    this.surface = new Surface(canvas, onShow);
    this.scale = new ChartScale(0, 0);
    if (onPick) attachPick(canvas, onPick);
  }

  /** @param {number | null} marker 0 to 1; null for none. */
  draw(marker) {
    const context = this.surface.clear();
    if (!context) return;
    this.scale = new ChartScale(this.surface.width, this.surface.height);
    this.#drawAxes(context);
    if (!this.series) {
      this.#drawNote(context);
      return;
    }
    this.lines.forEach((line, index) => this.#drawLine(context, line, index));
    if (marker !== null) this.#drawMarker(context, marker);
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawAxes(context) {
    const { palette, scale } = this;
    context.font = `12px ${FONT}`;
    context.lineWidth = 1;
    context.strokeStyle = palette.get('--dni-rule');
    context.fillStyle = palette.get('--dni-soft-ink');
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const share of GRID_LINES) {
      const y = Math.round(scale.y(share)) + 0.5;
      context.beginPath();
      context.moveTo(scale.x(0), y);
      context.lineTo(scale.x(1), y);
      context.stroke();
      if (share % 0.5 === 0) context.fillText(percent(share), scale.x(0) - 6, y);
    }
    context.textBaseline = 'bottom';
    for (const { at, text } of this.ticks) {
      context.textAlign = tickAlignment(at);
      context.fillText(text, scale.x(at), scale.height);
    }
    context.textAlign = 'left';
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawNote(context) {
    context.fillStyle = this.palette.get('--dni-soft-ink');
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.font = `14px ${FONT}`;
    context.fillText(this.note, this.scale.x(0.5), this.scale.y(0.625));
    context.textAlign = 'left';
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Line} line
   * @param {number} index
   */
  #drawLine(context, { colour, dash }, index) {
    const { scale, series } = this;
    if (!series) return;
    context.strokeStyle = this.palette.get(colour);
    context.lineWidth = 2.2;
    context.lineJoin = 'round';
    context.setLineDash(dash);
    context.beginPath();
    series.column(index).forEach((value, n) => context.lineTo(scale.x(series.points[n]), scale.y(value)));
    context.stroke();
    context.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} marker
   */
  #drawMarker(context, marker) {
    const { scale, series } = this;
    const x = scale.x(marker);
    context.strokeStyle = this.palette.get('--dni-ink');
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, scale.y(1));
    context.lineTo(x, scale.y(0));
    context.stroke();
    series?.at(marker).forEach((value, n) => {
      context.fillStyle = this.palette.get(this.lines[n].colour);
      context.beginPath();
      context.arc(x, scale.y(value), 4, 0, 2 * Math.PI);
      context.fill();
    });
  }
}

/**
 * @param {number} at
 * @returns {CanvasTextAlign}
 */
function tickAlignment(at) {
  if (at === 0) return 'left';
  return at === 1 ? 'right' : 'center';
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(share: number) => void} onPick
 */
function attachPick(canvas, onPick) {
  attachSidewaysPick(canvas, ({ clientX }) => {
    const box = canvas.getBoundingClientRect();
    onPick(new ChartScale(box.width, box.height).shareAt(clientX - box.left));
  });
}
