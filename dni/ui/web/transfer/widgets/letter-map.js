// @ts-check
// The map of letters: drawings at their places, in the colour of their alphabet, and the letter asked about.

import { Surface, contextOf } from '../../adaptation/charts/canvas.js';
import { DIGIT_SIDE } from '../../adaptation/samples/numbers.js';
import { greyImage } from './thumbnails.js';

const SIZE = 18;
const OWN_SIZE = 34;
const MARGIN = 20;
const COLOURS = ['--d0', '--d2', '--d3', '--d1', '--d4'];
const OWN_COLOUR = '--d1';

/**
 * @param {string} hex "#rrggbb"
 * @returns {number[]} Red, green and blue, 0 to 255.
 */
export function channelsOf(hex) {
  return [1, 3, 5].map((from) => Number.parseInt(hex.slice(from, from + 2), 16));
}

/**
 * Where a row of positions lies between two alphas.
 *
 * @param {Float32Array} rows (alphas, size)
 * @param {number} size
 * @param {number} place Between the first row, 0, and the last.
 * @returns {Float32Array} (size)
 */
export function rowBetween(rows, size, place) {
  const last = rows.length / size - 1;
  const low = Math.min(Math.floor(place), last);
  const share = place - low;
  const high = Math.min(low + 1, last);
  return Float32Array.from({ length: size }, (_, n) => (
    (1 - share) * rows[low * size + n] + share * rows[high * size + n]
  ));
}

export class LetterMapCanvas {
  /** @type {Uint8Array | null} (n, 28, 28) */
  #drawings = null;
  /** @type {number[]} */
  #alphabets = [];
  /** @type {OffscreenCanvas[]} */
  #tinted = [];
  #theme = '';

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('../../adaptation/charts/canvas.js').Palette} palette
   * @param {() => void} onShow
   */
  constructor(canvas, palette, onShow) {
    this.palette = palette;
    this.surface = new Surface(canvas, onShow);
  }

  /**
   * @param {Uint8Array} drawings (n, 28, 28)
   * @param {number[]} alphabets The number of each drawing's alphabet.
   */
  setGallery(drawings, alphabets) {
    this.#drawings = drawings;
    this.#alphabets = alphabets;
    this.#theme = '';
  }

  /**
   * @param {object} shown
   * @param {Float32Array} shown.positions (n, 2), in [-1, 1].
   * @param {readonly number[]} shown.neighbours
   * @param {Uint8Array | null} shown.ink
   * @param {readonly number[] | null} shown.own The place of the letter asked about.
   */
  draw({ positions, neighbours, ink, own }) {
    const context = this.surface.clear();
    if (!context || !this.#drawings) return;
    this.#tintAll();
    context.globalAlpha = 0.75;
    this.#tinted.forEach((picture, index) => {
      const [x, y] = this.#place(positions[2 * index], positions[2 * index + 1]);
      context.drawImage(picture, x - SIZE / 2, y - SIZE / 2, SIZE, SIZE);
    });
    context.globalAlpha = 1;
    if (!ink || !own) return;
    const [x, y] = this.#place(own[0], own[1]);
    context.strokeStyle = this.palette.get('--dni-soft-ink');
    for (const index of neighbours) {
      const [toX, toY] = this.#place(positions[2 * index], positions[2 * index + 1]);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(toX, toY);
      context.stroke();
    }
    const colour = this.palette.get(OWN_COLOUR);
    context.drawImage(tint(ink, 0, channelsOf(colour)), x - OWN_SIZE / 2, y - OWN_SIZE / 2, OWN_SIZE, OWN_SIZE);
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.strokeRect(x - OWN_SIZE / 2, y - OWN_SIZE / 2, OWN_SIZE, OWN_SIZE);
  }

  #tintAll() {
    const colours = COLOURS.map((name) => this.palette.get(name));
    const theme = colours.join();
    if (!this.#drawings || theme === this.#theme) return;
    const drawings = this.#drawings;
    this.#theme = theme;
    this.#tinted = this.#alphabets.map((alphabet, index) => (
      tint(drawings, index, channelsOf(colours[alphabet % colours.length]))
    ));
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #place(x, y) {
    const { width, height } = this.surface;
    return [MARGIN + ((x + 1) / 2) * (width - 2 * MARGIN), MARGIN + ((1 - y) / 2) * (height - 2 * MARGIN)];
  }
}

/**
 * @param {Uint8Array} drawings
 * @param {number} index
 * @param {number[]} colour
 */
function tint(drawings, index, colour) {
  const canvas = new OffscreenCanvas(DIGIT_SIDE, DIGIT_SIDE);
  contextOf(canvas).putImageData(greyImage(drawings, DIGIT_SIDE, index, colour), 0, 0);
  return canvas;
}
