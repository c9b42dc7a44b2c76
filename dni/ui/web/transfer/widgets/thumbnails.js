// @ts-check
// Small grey pictures: drawn on canvases, and as buttons to choose from.

import { contextOf } from '../../adaptation/charts/canvas.js';

/**
 * @param {ArrayLike<number>} bytes Pictures, one after the other.
 * @param {number} side Of a picture, in pixels.
 * @param {number} [index] Of the picture.
 * @param {readonly number[]} [tint] Red, green and blue of full ink; with one, what has no ink is transparent.
 */
export function greyImage(bytes, side, index = 0, tint) {
  const rgba = new Uint8ClampedArray(4 * side * side);
  const from = index * side * side;
  for (let n = 0; n < side * side; n++) {
    const level = bytes[from + n];
    const colour = tint ?? [level, level, level];
    for (let channel = 0; channel < 3; channel++) rgba[4 * n + channel] = colour[channel];
    rgba[4 * n + 3] = tint ? level : 255;
  }
  return new ImageData(rgba, side, side);
}

/**
 * @param {HTMLCanvasElement} canvas Gets the picture's own size; styles enlarge it.
 * @param {ArrayLike<number>} bytes
 * @param {number} side
 * @param {number} [index]
 */
export function showGrey(canvas, bytes, side, index = 0) {
  canvas.width = side;
  canvas.height = side;
  contextOf(canvas).putImageData(greyImage(bytes, side, index), 0, 0);
}

/**
 * Add a button for each picture.
 *
 * @param {HTMLElement} list
 * @param {Uint8Array} bytes (n, side, side)
 * @param {object} options
 * @param {number} options.side
 * @param {(index: number) => string} options.label For a screen reader.
 * @param {(index: number) => void} options.onChoose
 * @returns {(chosen: number | null) => void} Marks the one that is shown elsewhere.
 */
export function addThumbnails(list, bytes, { side, label, onChoose }) {
  /** @type {HTMLButtonElement[]} */
  const buttons = [];
  /** @param {number | null} chosen */
  const mark = (chosen) => {
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(index === chosen)));
  };
  for (let index = 0; index < bytes.length / (side * side); index++) {
    const button = document.createElement('button');
    const canvas = document.createElement('canvas');
    button.type = 'button';
    button.className = 'thumbnail';
    button.setAttribute('aria-label', label(index));
    showGrey(canvas, bytes, side, index);
    button.append(canvas);
    button.addEventListener('click', () => {
      mark(index);
      onChoose(index);
    });
    buttons.push(button);
    list.append(button);
  }
  return mark;
}
