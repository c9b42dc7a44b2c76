// @ts-check
// The view "Letters as a map": a letter's neighbours move with alpha.

import { bytesOf, find, findAs, showText } from '../../lib/dom.js';
import { DrawingPad } from '../../adaptation/drawing/drawing-pad.js';
import { DIGIT_SIDE, decodePositions, encodeBytes, percent } from '../../adaptation/samples/numbers.js';
import { WantedRequest } from '../wanted-request.js';
import { fillMeasured } from '../widgets/controls.js';
import { LetterMapCanvas, rowBetween } from '../widgets/letter-map.js';
import { LineChart } from '../widgets/line-chart.js';
import { addThumbnails, showGrey } from '../widgets/thumbnails.js';

/** @typedef {import('../maps-protocol.js').LettersOpenReply} LettersOpenReply */
/** @typedef {import('../maps-protocol.js').LettersReadReply} LettersReadReply */
/** @typedef {import('../maps-protocol.js').LettersReadRequest} LettersReadRequest */
/** @typedef {import('../maps-protocol.js').LettersExactReply} LettersExactReply */
/** @typedef {import('../maps-protocol.js').LettersExactRequest} LettersExactRequest */
/** @typedef {import('../maps-protocol.js').LettersMapReply} LettersMapReply */
/** @typedef {import('../maps-protocol.js').LettersReport} LettersReport */
/** @typedef {import('../../lib/protocol.js').Failure} Failure */
/** @typedef {'untrained' | 'classifier'} Start */

const REST_MS = 150;
const STEPS = 10;
const NOTHING_TO_READ = 'Nothing to read: draw a letter, or choose one.';
const START_TEXTS = /** @type {Record<Start, string>} */ ({ untrained: 'the untrained network', classifier: 'a classifier' });

/**
 * What is nearest at an alpha: of the nearest alpha that was asked for, since order cannot be interpolated.
 *
 * @template T
 * @param {readonly T[]} rows One for each of the eleven alphas.
 * @param {number} alpha
 */
export function rowNear(rows, alpha) {
  return rows[Math.round(alpha * (rows.length - 1))];
}

/**
 * @param {readonly string[]} names Of each drawing's alphabet.
 * @returns {{ names: string[], numbers: number[] }} Each alphabet once, and the number of each drawing's.
 */
export function numbered(names) {
  const once = [...new Set(names)];
  return { names: once, numbers: names.map((name) => once.indexOf(name)) };
}

/** @type {import('../transfer.js').MountView} */
export function mountLetters(panel, { ask, palette, showMessage }) {
  return new LettersView(panel, { ask, palette, showMessage });
}

class LettersView {
  /** @type {{ drawings: Uint8Array, alphabets: string[], letters: number[] } | null} */
  #gallery = null;
  /** @type {LettersReport | null} */
  #report = null;
  /** @type {Map<Start, Float32Array>} (alphas, n, 2) */
  #positions = new Map();
  /** @type {Uint8Array | null} */
  #ink = null;
  /** @type {LettersReadReply | null} */
  #reading = null;
  /** @type {(chosen: number | null) => void} */
  #mark = () => {};
  /** @type {LettersExactReply | null} */
  #exact = null;
  /** @type {Start} */
  #start = 'untrained';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;

  /**
   * @param {HTMLElement} panel
   * @param {Omit<import('../transfer.js').ViewContext, 'start'>} options
   */
  constructor(panel, { ask, palette, showMessage }) {
    this.panel = panel;
    this.ask = ask;
    this.showMessage = showMessage;
    this.alphaInput = findAs(panel, 'input.alpha', HTMLInputElement);
    this.badge = find(panel, '.badge');
    this.map = new LetterMapCanvas(findAs(panel, 'canvas.map', HTMLCanvasElement), palette, () => this.draw());
    this.chart = new LineChart(findAs(panel, 'canvas.chart', HTMLCanvasElement), {
      palette,
      onPick: (position) => {
        this.alphaInput.value = String(position / STEPS);
        this.#change();
      },
      onShow: () => this.draw(),
    });
    /** @type {WantedRequest<LettersReadRequest, LettersReadReply | Failure>} */
    this.reading = new WantedRequest((asked) => ask('letters_read', asked), (reply) => {
      showMessage(reply.error ?? null);
      if (reply.error === undefined) this.#reading = reply;
      this.draw();
    });
    /** @type {WantedRequest<LettersExactRequest, LettersExactReply | Failure>} */
    this.exact = new WantedRequest((asked) => ask('letters_exact', asked), (reply) => {
      showMessage(reply.error ?? null);
      if (reply.error === undefined) this.#exact = reply;
      this.draw();
    });
    this.#attach();
  }

  get alpha() {
    return Number(this.alphaInput.value);
  }

  async open() {
    return (this.#gallery ? null : await this.#fetchGallery()) ?? this.#fetchMap();
  }

  /** @returns {Promise<string | null>} An error's text. */
  async #fetchGallery() {
    const reply = /** @type {LettersOpenReply | Failure} */ (await this.ask('letters_open', {}));
    if (reply.error !== undefined) return reply.error;
    this.#gallery = { drawings: bytesOf(reply.gallery), alphabets: reply.alphabets, letters: reply.letters };
    const { names, numbers } = numbered(reply.alphabets);
    this.map.setGallery(this.#gallery.drawings, numbers);
    this.#report = reply.report;
    showReport(this.panel, reply.report);
    fillMeasured(this.panel, reply.report);
    showText(find(this.panel, '.map-note'), `${reply.letters.length} drawings of letters of ${names.join(', ').replaceAll('_', ' ')}, `
      + 'a colour each; lines lead to the nearest in all 64 dimensions, of which the map shows two.');
    const samples = bytesOf(reply.samples);
    this.#mark = addThumbnails(find(this.panel, '.samples'), samples, {
      side: DIGIT_SIDE,
      label: (index) => `Letter ${index + 1}`,
      onChoose: (index) => this.#read(samples.slice(index * DIGIT_SIDE ** 2, (index + 1) * DIGIT_SIDE ** 2)),
    });
    this.#mark(0);
    this.#read(samples.slice(0, DIGIT_SIDE ** 2));
    return null;
  }

  draw() {
    const { alpha, panel } = this;
    this.alphaInput.setAttribute('aria-valuetext', `${percent(alpha)} triplets`);
    showText(find(panel, '.start-name'), START_TEXTS[this.#start]);
    const shown = this.#exact ?? this.#preview();
    const isEmpty = this.#gallery !== null && this.#ink === null;
    const state = this.#exact ? 'exact' : shown ? 'preview' : isEmpty ? 'empty' : 'loading';
    this.badge.hidden = isEmpty;
    this.badge.dataset.state = state;
    showText(this.badge, state === 'loading' ? 'loading…' : state);
    const exact = this.#exact ? ` · exact in ${Math.round(this.#exact.milliseconds)} ms` : '';
    showText(find(panel, '.readout'), isEmpty ? NOTHING_TO_READ : `alpha ${alpha.toFixed(2)}${exact}`);
    panel.dataset.state = state;
    panel.dataset.nearest = shown ? String(shown.neighbours[0]) : '';
    this.#drawNeighbours(shown);
    this.#drawMap(shown);
    this.#drawChart();
  }

  /** What is known of this alpha before the network itself has answered. */
  #preview() {
    const reading = this.#reading;
    if (!reading) return null;
    const own = rowBetween(Float32Array.from(reading.position.flat()), 2, this.alpha * STEPS);
    return {
      neighbours: rowNear(reading.neighbours, this.alpha),
      distances: rowNear(reading.distances, this.alpha),
      position: [...own],
    };
  }

  /** @param {Uint8Array | null} ink */
  #read(ink) {
    this.#ink = ink;
    this.#reading = null;
    this.reading.want(ink && { start: this.#start, ink: encodeBytes(ink) });
    this.#change();
  }

  #change() {
    const wanted = this.#ink && { start: this.#start, ink: encodeBytes(this.#ink), alpha: this.alpha };
    this.#exact = null;
    this.exact.want(null);
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.exact.want(wanted), REST_MS);
    this.draw();
  }

  /** @returns {Promise<string | null>} An error's text. */
  async #fetchMap() {
    const start = this.#start;
    if (this.#positions.has(start)) return null;
    const reply = /** @type {LettersMapReply | Failure} */ (await this.ask('letters_map', { start }));
    if (reply.error === undefined) this.#positions.set(start, decodePositions(reply.positions));
    this.draw();
    return reply.error ?? null;
  }

  #attach() {
    const hint = find(this.panel, '.hint');
    const pad = new DrawingPad(findAs(this.panel, 'canvas.pad', HTMLCanvasElement), () => {
      hint.hidden = !pad.isEmpty;
      this.#mark(null);
      this.#read(pad.drawing?.ink ?? null);
    });
    find(this.panel, '.clear').addEventListener('click', () => pad.clear());
    this.alphaInput.addEventListener('input', () => this.#change());
    for (const start of /** @type {Start[]} */ (Object.keys(START_TEXTS))) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = `alpha 0: ${START_TEXTS[start]}`;
      button.setAttribute('aria-pressed', String(start === this.#start));
      button.addEventListener('click', () => this.#choose(start, button));
      find(this.panel, '.starts').append(button);
    }
  }

  /**
   * @param {Start} start
   * @param {HTMLElement} button
   */
  async #choose(start, button) {
    this.#start = start;
    for (const other of find(this.panel, '.starts').children) other.setAttribute('aria-pressed', String(other === button));
    this.#read(this.#ink);
    this.showMessage(await this.#fetchMap(), 'data');
  }

  /** @param {{ neighbours: number[], distances: number[] } | null} shown */
  #drawNeighbours(shown) {
    const gallery = this.#gallery;
    const list = find(this.panel, 'ol.neighbours');
    if (!shown || !gallery) {
      list.replaceChildren();
      return;
    }
    list.replaceChildren(...shown.neighbours.map((at, index) => {
      const item = document.createElement('li');
      const canvas = document.createElement('canvas');
      const value = document.createElement('em');
      showGrey(canvas, gallery.drawings, DIGIT_SIDE, at);
      canvas.setAttribute('aria-label', `${gallery.alphabets[at].replaceAll('_', ' ')}, letter ${gallery.letters[at] + 1}`);
      canvas.setAttribute('role', 'img');
      value.textContent = shown.distances[index].toFixed(2);
      item.append(canvas, value);
      return item;
    }));
  }

  /** @param {{ neighbours: number[], position: number[] } | null} shown */
  #drawMap(shown) {
    const gallery = this.#gallery;
    const rows = this.#positions.get(this.#start);
    if (!gallery || !(rows || this.#exact)) return;
    const positions = this.#exact
      ? decodePositions(this.#exact.positions)
      : rowBetween(/** @type {Float32Array} */ (rows), 2 * gallery.letters.length, this.alpha * STEPS);
    this.map.draw({ positions, neighbours: shown?.neighbours ?? [], ink: this.#ink, own: shown?.position ?? null });
  }

  #drawChart() {
    if (!this.#report) return;
    const points = this.#report.curves[this.#start].map(({ accuracy }) => accuracy);
    const pixels = { mean: this.#report.pixels.mean, deviation: 0 };
    this.chart.lines = [
      { colour: '--d0', dash: [], points },
      { colour: '--d4', dash: [4, 4], points: points.map(() => pixels) },
    ];
    this.chart.ticks = points.map((_, index) => ({ 0: this.#start, 5: '0.5', 10: 'triplet' })[index] ?? '');
    const lowest = Math.min(pixels.mean, ...points.map(({ mean }) => mean));
    this.chart.range = [Math.floor(5 * lowest) / 5, 1];
    this.chart.draw(this.alpha * STEPS);
  }
}

/**
 * @param {HTMLElement} panel
 * @param {LettersReport} report
 */
function showReport(panel, { seeds, pixels, ends }) {
  showText(find(panel, '.legend'), `20-way one-shot accuracy on letters of unseen alphabets, mean of ${seeds} seeds; dashed: raw pixels.`);
  const rows = /** @type {const} */ ([
    ['raw pixels', pixels],
    ['untrained network', ends.untrained],
    ['classifier', ends.classifier],
    ['classifier, trained as long as both', ends.longer],
    ['triplets, from the classifier', ends.triplet],
  ]);
  for (const [name, { mean, deviation }] of rows) {
    const row = document.createElement('tr');
    const spread = deviation ? ` ± ${(100 * deviation).toFixed(1)}` : '';
    for (const text of [name, `${(100 * mean).toFixed(1)}${spread} %`]) {
      const cell = document.createElement('td');
      cell.textContent = text;
      row.append(cell);
    }
    find(panel, '.measures tbody').append(row);
  }
  const gain = 100 * (ends.triplet.mean - ends.longer.mean);
  showText(
    find(panel, '.finding'),
    `Triplets bring ${gain.toFixed(1)} points over a classifier of as many steps. Chance is 5 %.`,
  );
}
