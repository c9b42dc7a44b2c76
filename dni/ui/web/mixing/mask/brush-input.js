// @ts-check
// Strokes of the brush on the picture's canvas. Made before the gestures of the view are attached: a stroke keeps its
// events to itself, so that it does not also move the picture.

import { pointOn } from '../../lib/canvas/gestures.js';

/** @typedef {import('../../lib/canvas/view.js').View} View */
/** @typedef {import('./brush.js').Point} Point */

/**
 * @typedef {object} BrushInputOptions
 * @property {HTMLCanvasElement} canvas
 * @property {View} view
 * @property {() => boolean} isActive whether a pointer paints
 * @property {() => void} onStart a stroke begins
 * @property {(from: Point, to: Point) => void} onStroke a piece of a stroke, in pixels of the picture
 * @property {() => void} onEnd a stroke is over
 * @property {() => void} onHover the pointer moved on the canvas, or left it
 */

export class BrushInput {
  /** Where the pointer is, in CSS pixels of the canvas. @type {Point | null} */
  hover = null;
  /** @type {{ pointerId: number, last: Point } | null} */
  #stroke = null;

  /** @param {BrushInputOptions} options */
  constructor(options) {
    this.options = options;
    const { canvas, onHover } = options;
    canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const name of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      canvas.addEventListener(name, (event) => {
        if (event.pointerId === this.#stroke?.pointerId) this.finish();
      });
    }
    canvas.addEventListener('pointerleave', () => {
      this.hover = null;
      onHover();
    });
  }

  /** The stroke is over, whether the pointer is still down or not. */
  finish() {
    if (!this.#stroke) return;
    this.#stroke = null;
    this.options.onEnd();
  }

  get #active() {
    return this.options.view.picture !== null && this.options.isActive();
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (!this.#active || event.button > 0 || this.#stroke) return;
    const { canvas, onStart, onStroke } = this.options;
    event.stopImmediatePropagation();
    canvas.setPointerCapture(event.pointerId);
    const point = this.#follow(event);
    this.#stroke = { pointerId: event.pointerId, last: point };
    onStart();
    onStroke(point, point);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#active) return;
    const point = this.#follow(event);
    this.options.onHover();
    if (event.pointerId !== this.#stroke?.pointerId) return;
    event.stopImmediatePropagation();
    const { last } = this.#stroke;
    this.#stroke.last = point;
    this.options.onStroke(last, point);
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point} in pixels of the picture
   */
  #follow(event) {
    this.hover = pointOn(this.options.canvas, event);
    return this.options.view.inputPoint(this.hover);
  }
}
