// @ts-check
// Forty digits of one domain, what each is read as and how surely, and the details of one of them.

import { find, findAs } from '../../lib/dom.js';
import { BarList } from './bars.js';
import { FONT, Surface, contextOf, digitImage } from '../charts/canvas.js';
import { DIGIT_SIDE, NUM_CLASSES, NUM_SAMPLES, mostLikely, percent } from './numbers.js';
import { COLUMNS, LABEL, ROWS, SampleLayout, cellOf, placeDetails, sampleAt, sampleByKey } from './sample-layout.js';

/**
 * @typedef {object} Sample
 * @property {number} number 0 to 39.
 * @property {number} answer The most likely class.
 * @property {number} confidence Its probability.
 * @property {boolean} isWrong
 */

/**
 * @param {Float32Array} probabilities (40, 10)
 * @param {readonly number[]} labels
 * @returns {Sample[]}
 */
export function samplesOf(probabilities, labels) {
  return Array.from({ length: NUM_SAMPLES }, (_, number) => {
    const answer = mostLikely(probabilities, number * NUM_CLASSES);
    const confidence = probabilities[number * NUM_CLASSES + answer];
    return { number, answer, confidence, isWrong: answer !== labels[number] };
  });
}

export class SampleGrid {
  /** @type {Float32Array | null} */
  #probabilities = null;
  /** @type {readonly number[]} */
  #labels = [];
  #picked = -1;
  /** @type {SampleLayout | null} */
  #layout = null;

  /**
   * @param {HTMLElement} card
   * @param {import('../charts/canvas.js').Palette} palette
   * @param {() => void} onChange
   */
  constructor(card, palette, onChange) {
    this.card = card;
    this.palette = palette;
    this.onChange = onChange;
    this.canvas = findAs(card, 'canvas', HTMLCanvasElement);
    this.details = find(card, '.peek');
    this.bars = new BarList(find(card, '.bars'));
    this.tiles = document.createElement('canvas');
    this.tiles.width = COLUMNS * DIGIT_SIDE;
    this.tiles.height = ROWS * DIGIT_SIDE;
    this.surface = new Surface(this.canvas, () => {
      this.#layout = new SampleLayout(this.surface, this.surface.ratio);
      onChange();
    });
    this.#attachPointer();
    this.#attachKeys();
  }

  /**
   * @param {object} domain
   * @param {string} domain.title
   * @param {string} domain.note
   * @param {readonly number[]} domain.labels
   * @param {Uint8Array} domain.pixels (40, 28, 28, 3)
   */
  open({ title, note, labels, pixels }) {
    this.#labels = labels;
    find(this.card, 'h3').textContent = title;
    find(this.card, '.note').textContent = note;
    const help = `${title}: ${NUM_SAMPLES} digits and what they are read as; arrow keys for details`;
    this.canvas.setAttribute('aria-label', help);
    const context = contextOf(this.tiles);
    for (let n = 0; n < NUM_SAMPLES; n++) {
      const { column, row } = cellOf(n);
      const tile = digitImage(pixels, 3 * n * DIGIT_SIDE * DIGIT_SIDE);
      context.putImageData(tile, column * DIGIT_SIDE, row * DIGIT_SIDE);
    }
  }

  /** @param {Float32Array} probabilities (40, 10) */
  draw(probabilities) {
    this.#probabilities = probabilities;
    const samples = samplesOf(probabilities, this.#labels);
    const right = samples.filter(({ isWrong }) => !isWrong).length;
    find(this.card, '.tally').textContent = `${right} of these ${NUM_SAMPLES} read rightly`;
    this.#drawSamples(samples);
    if (this.#picked >= 0) this.#showDetails();
  }

  /** @param {readonly Sample[]} samples */
  #drawSamples(samples) {
    const context = this.surface.clear();
    if (!context || !this.#layout) return;
    context.imageSmoothingEnabled = false;
    context.font = `600 13px ${FONT}`;
    context.textBaseline = 'middle';
    for (const sample of samples) this.#drawSample(context, this.#layout, sample);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {SampleLayout} layout
   * @param {Sample} sample
   */
  #drawSample(context, layout, { number, answer, confidence, isWrong }) {
    const { side } = layout;
    const { x, y } = layout.place(number);
    const { column, row } = cellOf(number);
    const [left, top] = [column * DIGIT_SIDE, row * DIGIT_SIDE];
    context.drawImage(this.tiles, left, top, DIGIT_SIDE, DIGIT_SIDE, x, y, side, side);
    const colour = this.palette.get(isWrong ? '--dni-wrong' : '--dni-ink');
    const middle = y + side + LABEL / 2 + 1.5;
    context.fillStyle = colour;
    context.fillText(String(answer), x, middle);
    context.fillStyle = this.palette.get('--dni-rule');
    context.fillRect(x + 12, middle - 2.5, side - 12, 4);
    context.fillStyle = colour;
    context.fillRect(x + 12, middle - 2.5, (side - 12) * confidence, 4);
    if (isWrong) drawCross(context, { x, y, side }, colour);
    if (number === this.#picked) this.#drawPick(context, { x, y, side });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {{ x: number, y: number, side: number }} digit
   */
  #drawPick(context, { x, y, side }) {
    context.strokeStyle = this.palette.get('--dni-ink');
    context.lineWidth = 1.5;
    context.strokeRect(x - 3, y - 3, side + 6, side + LABEL + 5);
  }

  // ---- one digit's details: by mouse, finger, or the arrow keys

  /** @param {number} number -1 for none. */
  #pick(number) {
    if (number === this.#picked) return;
    this.#picked = number;
    this.details.hidden = number < 0;
    this.onChange();
  }

  #attachPointer() {
    const { canvas } = this;
    const under = (/** @type {MouseEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      return sampleAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'mouse') this.#pick(under(event));
    });
    canvas.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'mouse') this.#pick(-1);
    });
    canvas.addEventListener('click', (event) => {
      if (/** @type {PointerEvent} */ (event).pointerType === 'mouse') return;
      this.#pick(under(event) === this.#picked ? -1 : under(event));
    });
  }

  #attachKeys() {
    this.canvas.addEventListener('blur', () => this.#pick(-1));
    this.canvas.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.#pick(-1);
        return;
      }
      const next = sampleByKey(this.#picked, event.key);
      if (next === null || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#pick(next);
    });
  }

  #showDetails() {
    if (!this.#probabilities || !this.#layout) return;
    const offset = this.#picked * NUM_CLASSES;
    const answer = mostLikely(this.#probabilities, offset);
    const words = `read as ${answer} (${percent(this.#probabilities[offset + answer])})`;
    find(this.details, 'p').textContent = `A ${this.#labels[this.#picked]}, ${words}`;
    this.bars.show(this.#probabilities, offset);
    const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = this.canvas;
    const size = { width: this.details.offsetWidth, height: this.details.offsetHeight };
    const place = placeDetails(this.#layout, this.#picked, { left, top, width, height }, size);
    this.details.style.left = `${place.left}px`;
    this.details.style.top = `${place.top}px`;
  }
}

/**
 * A frame around a digit that is read wrongly, and a cross in its upper right corner.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {{ x: number, y: number, side: number }} digit
 * @param {string} colour
 */
function drawCross(context, { x, y, side }, colour) {
  const arm = side / 6;
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.strokeRect(x - 0.5, y - 0.5, side + 1, side + 1);
  context.fillStyle = colour;
  context.fillRect(x + side - 2 * arm - 1, y - 0.5, 2 * arm + 1.5, 2 * arm + 1.5);
  context.strokeStyle = '#fff';
  context.lineWidth = 1.8;
  const [left, right] = [x + side - 1.5 * arm - 0.5, x + side - 0.5 * arm + 0.5];
  const [top, bottom] = [y + 0.5 * arm, y + 1.5 * arm];
  context.beginPath();
  context.moveTo(left, top);
  context.lineTo(right, bottom);
  context.moveTo(right, top);
  context.lineTo(left, bottom);
  context.stroke();
}
