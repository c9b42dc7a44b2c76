// @ts-check
// A small picture of all of the picture, in a corner of the canvas while only a part can be seen. The frame on it is
// that part, and follows the pointer.

import { pointOn } from './gestures.js';

/** @typedef {import('./view.js').Box} Box */
/** @typedef {import('./view.js').View} View */
/** @typedef {import('../protocol.js').Region} Region */

/** In CSS pixels. */
const LONGEST = 120;
const FRAME = '#fff';
const OUTSIDE = 'rgba(0, 0, 0, 0.45)';

/**
 * The size of the minimap of a picture.
 * @param {{ width: number, height: number }} picture
 */
export function minimapSize({ width, height }) {
  const unit = LONGEST / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * unit)), height: Math.max(1, Math.round(height * unit)) };
}

/**
 * Where a region of the picture is on its minimap.
 * @param {Region} region
 * @param {{ width: number, height: number }} picture
 * @returns {Box} in CSS pixels
 */
export function boxOn({ left, top, width, height }, picture) {
  const unit = LONGEST / Math.max(picture.width, picture.height);
  return { x: left * unit, y: top * unit, width: width * unit, height: height * unit };
}

export class Minimap {
  canvas = document.createElement('canvas');

  /**
   * @param {HTMLElement} element
   * @param {View} view
   */
  constructor(element, view) {
    this.element = element;
    this.view = view;
    // Apart from the page's own elements: the canvas of a viewer is the one with the picture.
    element.attachShadow({ mode: 'closed' }).append(this.canvas);
    this.canvas.style.display = 'block';
  }

  /** @param {() => void} moved called after each change of the view */
  follow(moved) {
    const { canvas, view } = this;
    /** @param {PointerEvent} event */
    const go = (event) => {
      if (!view.picture) return;
      const { x, y } = pointOn(canvas, event);
      view.centre((x / canvas.clientWidth) * view.pictureWidth, (y / canvas.clientHeight) * view.pictureHeight);
      moved();
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button > 0) return;
      canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) go(event);
    });
  }

  /** @param {CanvasImageSource | null} picture all of it; null: not there yet */
  draw(picture) {
    const { canvas, element, view } = this;
    element.hidden = !picture || !view.picture || view.showsAll;
    const context = canvas.getContext('2d');
    if (!context || !picture || element.hidden) return;
    const { width, height } = minimapSize(view.shown);
    if (canvas.width !== width * view.ratio || canvas.height !== height * view.ratio) this.#resize(width, height);
    const { x, y, width: across, height: down } = boxOn(view.visible(), view.shown);
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, 0, 0, width, height);
    context.fillStyle = OUTSIDE;
    context.beginPath();
    context.rect(0, 0, width, height);
    context.rect(x, y, across, down);
    context.fill('evenodd');
    context.strokeStyle = FRAME;
    context.lineWidth = 1.5;
    context.strokeRect(x + 0.75, y + 0.75, Math.max(2, across - 1.5), Math.max(2, down - 1.5));
  }

  /**
   * @param {number} width in CSS pixels
   * @param {number} height
   */
  #resize(width, height) {
    const { canvas, view: { ratio } } = this;
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
}
