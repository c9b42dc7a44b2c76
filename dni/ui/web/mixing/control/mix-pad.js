// @ts-check
// The pad: a triangle or square whose corners are the ends and whose dot is the mix.

import { largestPercent, percents } from '../../lib/frames/shares.js';
import { corners, namePlace, outline, sharesAfterKey, toCanvas, toPad } from './pad-geometry.js';

/** @typedef {import('./pad-geometry.js').Size} Size */
/** @typedef {import('../../lib/frames/shares.js').Shares} Shares */
/** @typedef {import('../../lib/frames/spaces.js').PadPoint} PadPoint */
/** @typedef {import('../../lib/frames/spaces.js').PadSpace} PadSpace */

const END_COLOURS = ['#4f46e5', '#c2410c', '#0f766e', '#a21caf', '#1d4ed8', '#a16207', '#be123c', '#15803d'];
const CORNER_RADIUS = 7;
const DOT_RADIUS = 10;

/**
 * The colour that stands for an end, on the pad and beside its share.
 * @param {number} end
 */
export function colourOf(end) {
  return END_COLOURS[end % END_COLOURS.length];
}

export class MixPad {
  /** @type {PadSpace | null} */
  #space = null;
  /** @type {readonly string[]} */
  #labels = [];
  /** @type {Shares} */
  #shares = [];

  /**
   * @param {object} options
   * @param {HTMLCanvasElement} options.canvas
   * @param {(shares: Shares) => void} options.onChange the person moves the mix
   * @param {() => void} options.onRest the person lets go of it
   */
  constructor({ canvas, onChange, onRest }) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.onRest = onRest;
    this.#listenToPointer();
    canvas.addEventListener('keydown', (event) => this.#pressKey(event));
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  /**
   * @param {PadSpace | null} space null: no pad is shown
   * @param {readonly string[]} labels of the ends
   */
  open(space, labels) {
    this.#space = space;
    this.#labels = labels;
  }

  /** @param {Shares} shares */
  show(shares) {
    this.#shares = shares;
    this.#draw();
    if (!this.#space) return;
    const words = percents(shares).map((text, end) => `${text} ${this.#labels[end]}`);
    this.canvas.setAttribute('aria-valuetext', words.join(', '));
    this.canvas.setAttribute('aria-valuenow', String(largestPercent(shares)));
  }

  /** @returns {Size} */
  get #size() {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  #listenToPointer() {
    const { canvas } = this;
    let dragging = false;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button > 0) return;
      dragging = true;
      canvas.setPointerCapture(event.pointerId);
      this.#moveTo(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (dragging) this.#moveTo(event);
    });
    for (const name of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(name, () => {
        if (dragging) this.onRest();
        dragging = false;
      });
    }
  }

  /** @param {PointerEvent} event */
  #moveTo({ clientX, clientY }) {
    if (!this.#space) return;
    const { left, top } = this.canvas.getBoundingClientRect();
    this.onChange(this.#space.sharesAt(toPad({ x: clientX - left, y: clientY - top }, this.#size)));
  }

  /** @param {KeyboardEvent} event */
  #pressKey(event) {
    const shares = this.#space && sharesAfterKey(event.key, this.#space, this.#shares);
    if (!shares) return;
    this.onChange(shares);
    event.preventDefault();
  }

  #draw() {
    const { canvas } = this;
    const context = canvas.getContext('2d');
    if (!context || !this.#space || !this.#shares.length || !canvas.clientWidth) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    context.scale(ratio, ratio);
    this.#drawArea(context, this.#space);
    const style = getComputedStyle(canvas);
    const [fill, ring] = [style.getPropertyValue('--background-fill-primary'), style.getPropertyValue('--body-text-color')];
    drawDot(context, toCanvas(this.#space.pointOf(this.#shares), this.#size), { radius: DOT_RADIUS, fill, ring });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {PadPoint} place of the end
   * @param {string} name
   */
  #drawName(context, place, name) {
    const { x, y, align, width } = namePlace(place, this.#size);
    context.font = '12px system-ui, sans-serif';
    context.fillStyle = getComputedStyle(this.canvas).getPropertyValue('--body-text-color');
    context.textAlign = align;
    context.textBaseline = 'middle';
    context.fillText(fitted(context, name, width), x, y);
  }

  /**
   * The pad itself, with a dot and a name for each end on its corners.
   * @param {CanvasRenderingContext2D} context
   * @param {PadSpace} space
   */
  #drawArea(context, space) {
    const style = getComputedStyle(this.canvas);
    const places = corners(space, this.#size);
    context.beginPath();
    for (const end of outline(space)) context.lineTo(places[end].x, places[end].y);
    context.closePath();
    context.fillStyle = style.getPropertyValue('--background-fill-secondary');
    context.strokeStyle = style.getPropertyValue('--border-color-primary');
    context.lineWidth = 1.5;
    context.fill();
    context.stroke();
    places.forEach((place, end) => {
      drawDot(context, place, { radius: CORNER_RADIUS, fill: colourOf(end) });
      this.#drawName(context, place, this.#labels[end] ?? '');
    });
  }
}

/**
 * The text, or as much of it as there is room for.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} width in CSS pixels
 */
function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return `${text.slice(0, length)}…`;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {PadPoint} place
 * @param {{ radius: number, fill: string, ring?: string }} look
 */
function drawDot(context, { x, y }, { radius, fill, ring }) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  if (!ring) return;
  context.strokeStyle = ring;
  context.lineWidth = 2.5;
  context.stroke();
}
