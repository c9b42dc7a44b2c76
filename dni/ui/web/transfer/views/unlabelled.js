// @ts-check
// The view "From unlabelled data": a digit, its sparse code over atoms, and what few labels make of it.

import { bytesOf, find, findAs, showText } from '../../lib/dom.js';
import { contextOf } from '../../adaptation/charts/canvas.js';
import { DrawingPad } from '../../adaptation/drawing/drawing-pad.js';
import { BarList } from '../../adaptation/samples/bars.js';
import { DIGIT_SIDE, encodeBytes, percent } from '../../adaptation/samples/numbers.js';
import { WantedRequest } from '../wanted-request.js';
import { LineChart } from '../widgets/line-chart.js';
import { addThumbnails, greyImage, showGrey } from '../widgets/thumbnails.js';

/** @typedef {import('../maps-protocol.js').UnlabelledOpenReply} UnlabelledOpenReply */
/** @typedef {import('../maps-protocol.js').UnlabelledReadReply} UnlabelledReadReply */
/** @typedef {import('../maps-protocol.js').UnlabelledReadRequest} UnlabelledReadRequest */
/** @typedef {import('../maps-protocol.js').UnlabelledReport} UnlabelledReport */
/** @typedef {import('../maps-protocol.js').Measured} Measured */
/** @typedef {import('../../lib/protocol.js').Failure} Failure */

const ATOM_SIDE = 7;
const ATOMS_ACROSS = 8;
const NUM_ATOMS = ATOMS_ACROSS ** 2;
// An atom's cell, with the frame that says how much the digit needs it.
const CELL = ATOM_SIDE * 4 + 4;
const SOURCES = /** @type {const} */ ([['mnist', 'MNIST'], ['usps', 'USPS']]);
const ROWS = /** @type {const} */ (['raw pixels', 'random atoms', 'letter atoms']);

/**
 * @param {readonly number[]} scores
 * @returns {number[]} Cut to 0 to 1, as bars show them.
 */
export function barShares(scores) {
  return scores.map((score) => Math.min(1, Math.max(0, score)));
}

/**
 * @param {Measured | undefined} measured
 * @returns {string} Per cent with the deviation over seeds, where there is one.
 */
export function cellText(measured) {
  if (!measured) return '–';
  const mean = (100 * measured.mean).toFixed(1);
  return measured.deviation ? `${mean} ±\u00a0${(100 * measured.deviation).toFixed(1)}` : mean;
}

/**
 * The difference that learning made, with the number of labels where it is largest.
 *
 * @param {UnlabelledReport['table'][string]} table
 * @param {'clean' | 'noisy'} test
 * @returns {{ count: string, gain: number, least: number }} In points; `least` is the smallest of all numbers of labels.
 */
export function gainOfLearning({ along }, test) {
  const [first, last] = [along[0][test] ?? {}, along[along.length - 1][test] ?? {}];
  const gains = Object.keys(first).map((count) => ({ count, gain: 100 * (last[count].mean - first[count].mean) }));
  const best = gains.reduce((a, b) => (b.gain > a.gain ? b : a));
  return { ...best, least: Math.min(...gains.map(({ gain }) => gain)) };
}

/**
 * @param {UnlabelledReport['table'][string]} table
 * @returns {string[]} The numbers of labels with which raw pixels read noisy digits better than any atoms do.
 */
export function bestByPixels({ raw, along }) {
  const rows = [along[0], along[along.length - 1]].map(({ noisy }) => noisy ?? {});
  return Object.entries(raw.noisy ?? {})
    .filter(([count, { mean }]) => rows.every((row) => mean > row[count].mean))
    .map(([count]) => count);
}

/** @type {import('../transfer.js').MountView} */
export function mountUnlabelled(panel, { start, ask, palette, showMessage }) {
  return new UnlabelledView(panel, { alphas: start.alphas, labels: start.labels, ask, palette, showMessage });
}

class UnlabelledView {
  /** @type {Uint8Array | null} (alphas, 64, 49) */
  #atoms = null;
  /** @type {UnlabelledReport | null} */
  #report = null;
  /** @type {Uint8Array | null} (28, 28) */
  #ink = null;
  /** @type {UnlabelledReadReply | null} */
  #reading = null;
  /** @type {(chosen: number | null) => void} */
  #mark = () => {};
  #source = /** @type {'mnist' | 'usps'} */ ('mnist');

  /**
   * @param {HTMLElement} panel
   * @param {Omit<import('../transfer.js').ViewContext, 'start'> & { alphas: number[], labels: number[] }} options
   */
  constructor(panel, { alphas, labels, ask, palette, showMessage }) {
    this.panel = panel;
    this.alphas = alphas;
    this.labels = labels;
    this.ask = ask;
    this.palette = palette;
    this.alphaInput = findAs(panel, 'input.alpha', HTMLInputElement);
    this.labelsInput = findAs(panel, 'input.labels', HTMLInputElement);
    this.bars = ROWS.map((name) => addBars(find(panel, '.bar-columns'), name));
    this.chart = new LineChart(findAs(panel, 'canvas.chart', HTMLCanvasElement), {
      palette,
      onPick: (position) => {
        this.alphaInput.value = String(Math.round(position) / 10);
        this.draw();
      },
      onShow: () => this.draw(),
    });
    /** @type {WantedRequest<UnlabelledReadRequest, UnlabelledReadReply | Failure>} */
    this.request = new WantedRequest((asked) => ask('unlabelled_read', asked), (reply) => {
      showMessage(reply.error ?? null);
      if (reply.error === undefined) this.#reading = reply;
      this.draw();
    });
    this.#attach();
  }

  get step() {
    return Math.round(10 * Number(this.alphaInput.value));
  }

  get row() {
    return Number(this.labelsInput.value);
  }

  async open() {
    const reply = /** @type {UnlabelledOpenReply | Failure} */ (await this.ask('unlabelled_open', {}));
    if (reply.error !== undefined) return reply.error;
    this.#atoms = bytesOf(reply.atoms);
    this.#report = reply.report;
    const samples = bytesOf(reply.samples);
    this.#mark = addThumbnails(find(this.panel, '.samples'), samples, {
      side: DIGIT_SIDE,
      label: (index) => `The digit ${index}`,
      onChoose: (index) => this.#read(digitAt(samples, index)),
    });
    this.#mark(3);
    this.#read(digitAt(samples, 3));
    return null;
  }

  draw() {
    const { panel, step, row, labels } = this;
    showText(find(panel, '.labels-value'), String(labels[row]));
    showText(find(panel, '.alpha-value'), (step / 10).toFixed(1));
    this.alphaInput.setAttribute('aria-valuetext', `${percent(step / 10)} learned from letters`);
    this.labelsInput.setAttribute('aria-valuetext', `${labels[row]} of each class`);
    this.#drawReading();
    this.#drawAtoms();
    this.#drawReport();
  }

  /** @param {Uint8Array | null} ink */
  #read(ink) {
    this.#ink = ink;
    this.#reading = null;
    this.request.want(ink && { source: this.#source, ink: encodeBytes(ink) });
    this.draw();
  }

  #attach() {
    const hint = find(this.panel, '.hint');
    const pad = new DrawingPad(findAs(this.panel, 'canvas.pad', HTMLCanvasElement), () => {
      hint.hidden = !pad.isEmpty;
      this.#mark(null);
      this.#read(pad.drawing?.ink ?? null);
    });
    find(this.panel, '.clear').addEventListener('click', () => pad.clear());
    for (const input of [this.alphaInput, this.labelsInput]) input.addEventListener('input', () => this.draw());
    for (const [source, title] of SOURCES) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = `labels of ${title}`;
      button.setAttribute('aria-pressed', String(source === this.#source));
      button.addEventListener('click', () => {
        this.#source = source;
        for (const other of find(this.panel, '.sources').children) {
          other.setAttribute('aria-pressed', String(other === button));
        }
        this.#read(this.#ink);
      });
      find(this.panel, '.sources').append(button);
    }
  }

  #drawReading() {
    const { step, row } = this;
    const reading = this.#reading;
    const scores = reading && [reading.raw[row], reading.scores[0][row], reading.scores[step][row]];
    this.bars[2].head.textContent = `atoms at ${(step / 10).toFixed(1)}`;
    this.bars.forEach(({ bars }, index) => bars.show(scores ? barShares(scores[index]) : null));
    showText(
      find(this.panel, '.readout'),
      scores ? 'Scores: near 100 % for the class, near 0 % for others; exact.' : 'Nothing to read yet: draw a digit.',
    );
    const again = findAs(this.panel, 'canvas.again', HTMLCanvasElement);
    showGrey(again, reading ? bytesOf(reading.pictures) : new Uint8Array(DIGIT_SIDE ** 2 * 11), DIGIT_SIDE, step);
    const active = reading?.active[step].toFixed(1);
    showText(find(this.panel, '.active'), active ? `A patch with ink needs ${active} of the 64 atoms on average.` : '');
    this.panel.dataset.read = scores ? String(largest(scores[2])) : '';
  }

  #drawAtoms() {
    if (!this.#atoms) return;
    const canvas = findAs(this.panel, 'canvas.atoms', HTMLCanvasElement);
    canvas.width = canvas.height = ATOMS_ACROSS * CELL;
    const context = contextOf(canvas);
    const usage = this.#reading ? bytesOf(this.#reading.usage) : new Uint8Array(NUM_ATOMS * this.alphas.length);
    const small = new OffscreenCanvas(ATOM_SIDE, ATOM_SIDE);
    context.imageSmoothingEnabled = false;
    for (let atom = 0; atom < NUM_ATOMS; atom++) {
      const [x, y] = [(atom % ATOMS_ACROSS) * CELL, Math.floor(atom / ATOMS_ACROSS) * CELL];
      contextOf(small).putImageData(greyImage(this.#atoms, ATOM_SIDE, this.step * NUM_ATOMS + atom), 0, 0);
      context.globalAlpha = usage[this.step * NUM_ATOMS + atom] / 255;
      context.fillStyle = this.palette.get('--d1');
      context.fillRect(x, y, CELL, CELL);
      context.globalAlpha = 1;
      context.drawImage(small, x + 2, y + 2, CELL - 4, CELL - 4);
    }
  }

  #drawReport() {
    const report = this.#report;
    if (!report) return;
    const { labels, row, step, panel } = this;
    const table = report.table[this.#source];
    const count = String(labels[row]);
    const [random, learned] = [table.along[0], table.along[table.along.length - 1]];
    showTable(findAs(panel, 'table.measures', HTMLTableElement), {
      labels,
      chosen: row,
      rows: [
        ['raw pixels', table.raw.clean],
        ['random atoms', random.clean],
        ['letter atoms', learned.clean],
        ['raw pixels, noisy digits', table.raw.noisy ?? {}],
        ['random atoms, noisy digits', random.noisy ?? {}],
        ['letter atoms, noisy digits', learned.noisy ?? {}],
      ],
    });
    showText(
      find(panel, '.protocol'),
      `Per cent of ${report.test} test digits; mean ± standard deviation over ${report.seeds} dictionaries, each over the `
      + `same ${report.draws} draws of labels. Noisy: Gaussian noise of ${report.noise} on the test digits alone.`,
    );
    const texts = /** @type {const} */ ([['clean', 'On clean digits'], ['noisy', 'on noisy ones']]).map(([test, name]) => {
      const { gain, count: most, least } = gainOfLearning(table, test);
      return `${name} ${signed(least)} to ${signed(gain)} points (most with ${most} a class)`;
    });
    const byPixels = bestByPixels(table).join(', ');
    showText(
      find(panel, '.finding'),
      `Learned atoms against random ones: ${texts.join(', ')}. On clean digits most of the gain over pixels is the encoding's.`
      + (byPixels && ` Raw pixels are the best row of noisy ones with these numbers of labels: ${byPixels}.`),
    );
    const points = table.along.map(({ clean }) => clean[count]);
    const level = (/** @type {Measured} */ measured) => table.along.map(() => ({ ...measured, deviation: 0 }));
    this.chart.lines = [
      { colour: '--d0', dash: [], points },
      { colour: '--d4', dash: [4, 4], points: level(table.raw.clean[count]) },
    ];
    this.chart.ticks = table.along.map(({ alpha }) => (alpha === 0 ? 'random' : alpha === 1 ? 'letters' : alpha === 0.5 ? '0.5' : ''));
    const all = [...points.map(({ mean }) => mean), table.raw.clean[count].mean];
    this.chart.range = [Math.floor(20 * Math.min(...all) - 0.2) / 20, Math.min(1, Math.ceil(20 * Math.max(...all) + 0.2) / 20)];
    showText(find(panel, '.legend'), `${count} labels of each class; dashed: raw pixels.`);
    this.chart.draw(step);
  }
}

/** @param {number} points */
function signed(points) {
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)}`;
}

/** @param {readonly number[]} numbers */
function largest(numbers) {
  return numbers.indexOf(Math.max(...numbers));
}

/**
 * @param {Uint8Array} digits (n, 28, 28)
 * @param {number} index
 */
function digitAt(digits, index) {
  return digits.slice(index * DIGIT_SIDE ** 2, (index + 1) * DIGIT_SIDE ** 2);
}

/**
 * @param {HTMLElement} parent
 * @param {string} title
 */
function addBars(parent, title) {
  const column = document.createElement('div');
  const head = document.createElement('h4');
  const list = document.createElement('ul');
  head.textContent = title;
  list.className = 'bars';
  column.append(head, list);
  parent.append(column);
  return { head, bars: new BarList(list) };
}

/**
 * @param {HTMLTableElement} table
 * @param {{ labels: readonly number[], chosen: number, rows: [string, Record<string, Measured>][] }} options
 */
function showTable(table, { labels, chosen, rows }) {
  const header = ['labels of each class', ...labels.map(String)];
  find(table, 'thead').replaceChildren(rowOf('th', header, chosen));
  find(table, 'tbody').replaceChildren(
    ...rows.map(([name, row]) => rowOf('td', [name, ...labels.map((count) => cellText(row[String(count)]))], chosen)),
  );
}

/**
 * @param {'td' | 'th'} tag
 * @param {readonly string[]} texts
 * @param {number} chosen Of the columns after the first.
 */
function rowOf(tag, texts, chosen) {
  const row = document.createElement('tr');
  texts.forEach((text, index) => {
    const cell = document.createElement(tag);
    cell.textContent = text;
    cell.classList.toggle('chosen', index === chosen + 1);
    row.append(cell);
  });
  return row;
}
