// @ts-check
// The drawing pad: strokes of mouse, finger or pen.

import { contextOf } from '../charts/canvas.js';
import { PAD_SIDE, normalizeInk } from './ink.js';

const PEN_WIDTH = 22;

/** @typedef {{ x: number, y: number, width: number }} Point In the pad's own 280 by 280 pixels. */

export class DrawingPad {
  /** @type {Point[][]} */
  #strokes = [];
  #colour = '#ffffff';

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onChange
   */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.context = contextOf(canvas, { willReadFrequently: true });
    this.onChange = onChange;
    this.#attach();
    this.#redraw();
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  /** @returns {import('./drawn-digit.js').Drawing | null} The drawn digit; null while there is none. */
  get drawing() {
    if (this.isEmpty) return null;
    const context = contextOf(new OffscreenCanvas(PAD_SIDE, PAD_SIDE), { willReadFrequently: true });
    context.strokeStyle = '#fff';
    traceStrokes(context, this.#strokes);
    const { data } = context.getImageData(0, 0, PAD_SIDE, PAD_SIDE);
    const ink = normalizeInk(Float32Array.from({ length: data.length / 4 }, (_, n) => data[4 * n + 3] / 255));
    return ink && { ink, colour: this.#colour };
  }

  clear() {
    this.#strokes = [];
    this.#change();
  }

  /** @param {string} colour "#rrggbb" */
  setColour(colour) {
    this.#colour = colour;
    this.#change();
  }

  #change() {
    this.#redraw();
    this.onChange();
  }

  #redraw() {
    const { context } = this;
    context.fillStyle = '#000';
    context.fillRect(0, 0, PAD_SIDE, PAD_SIDE);
    context.strokeStyle = this.#colour;
    traceStrokes(context, this.#strokes);
  }

  #attach() {
    const { canvas } = this;
    /** @type {number | null} */
    let pointer = null;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button > 0 || pointer !== null) return;
      event.preventDefault();
      pointer = event.pointerId;
      canvas.setPointerCapture(pointer);
      this.#strokes.push([pointOf(canvas, event)]);
      this.#change();
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerId !== pointer) return;
      const events = event.getCoalescedEvents?.() ?? [];
      this.#strokes.at(-1)?.push(...(events.length ? events : [event]).map((one) => pointOf(canvas, one)));
      this.#change();
    });
    for (const name of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      canvas.addEventListener(name, (event) => {
        if (event.pointerId === pointer) pointer = null;
      });
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PointerEvent} event
 * @returns {Point}
 */
function pointOf(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const scale = PAD_SIDE / box.width;
  const pressure = event.pointerType === 'pen' && event.pressure ? 0.5 + event.pressure : 1;
  const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  return { x, y, width: PEN_WIDTH * pressure };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Point[][]} strokes
 */
function traceStrokes(context, strokes) {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const stroke of strokes) {
    stroke.forEach((to, index) => {
      const from = stroke[Math.max(0, index - 1)];
      context.lineWidth = to.width;
      context.beginPath();
      context.moveTo(from.x, from.y);
      // A line without a length is not drawn.
      context.lineTo(to.x + (index ? 0 : 0.01), to.y);
      context.stroke();
    });
  }
}
