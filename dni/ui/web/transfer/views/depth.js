// @ts-check
// The view "How deep?": accuracies for each cut, and a pair of networks blended layer by layer.

import { fillLegend } from '../../adaptation/charts/legend.js';
import { percent } from '../../adaptation/samples/numbers.js';
import { find, findAs, showText } from '../../lib/dom.js';
import { measuredText } from '../answers.js';
import { AtRest } from '../at-rest.js';
import { WantedRequest } from '../wanted-request.js';
import { DigitPicker } from '../widgets/digit-picker.js';
import { LineChart, rangeOf } from '../widgets/line-chart.js';
import { fillMeasured, fillTable, slider } from '../widgets/controls.js';

/** @typedef {import('../protocol.js').DepthOpenReply} OpenReply */
/** @typedef {import('../protocol.js').DepthReadReply} ReadReply */
/** @typedef {import('../protocol.js').DepthReadRequest} ReadRequest */
/** @typedef {import('../protocol.js').DepthReport} Report */
/** @typedef {import('../protocol.js').Failure} Failure */

/** @typedef {{ cuts: number[], counts: number[], liveCount: number, kinds: string[], layers: string[] }} Start */

const SAMPLES_A_ROW = 10;
const ABOVE = 'above';
/** @type {Record<string, { name: string, colour: string, dash: number[] }>} */
const LINES = {
  AnB: { name: 'AnB: layers of 0 to 4, kept', colour: '--d0', dash: [] },
  'AnB+': { name: 'AnB+: the same, trained on', colour: '--d0', dash: [9, 4] },
  BnB: { name: 'BnB: own layers, kept', colour: '--d1', dash: [] },
  'BnB+': { name: 'BnB+: the same, trained on', colour: '--d1', dash: [9, 4] },
  random: { name: 'random layers, kept', colour: '--d4', dash: [2, 3] },
  alone: { name: 'B alone: all layers new', colour: '--d2', dash: [9, 3, 2, 3] },
};

/**
 * The lines of a number of labels: one a kind, and B alone, which has no cut.
 * @param {Report['counts'][string]} counted
 * @param {readonly string[]} kinds
 */
export function linesOf(counted, kinds) {
  const width = counted.kinds[kinds[0]].length;
  const alone = Array.from({ length: width }, () => counted.alone);
  return [...kinds.map((kind) => ({ ...LINES[kind], points: counted.kinds[kind] })),
    { ...LINES.alone, points: alone.map(({ mean }) => ({ mean, deviation: 0 })) }];
}

/** @type {import('../transfer.js').MountView} */
export function mountDepth(panel, context) {
  return new DepthPanel(panel, context);
}

class DepthPanel {
  /** @type {OpenReply | null} */
  #opened = null;
  /** @type {number[]} */
  #answers = [];
  /** @type {number | null} */
  #accuracy = null;
  /** @type {Record<string, ReturnType<typeof slider>>} */
  #alphaSliders = {};

  /**
   * @param {HTMLElement} panel
   * @param {import('../transfer.js').ViewContext} context
   */
  constructor(panel, context) {
    this.panel = panel;
    this.context = context;
    this.start = /** @type {Start} */ (context.start);
    const { counts, liveCount, cuts, layers } = this.start;
    this.choice = { cut: cuts[2], count: counts.indexOf(liveCount) };
    /** @type {Record<string, number>} */
    this.alphas = Object.fromEntries([...layers.slice(0, -1), ABOVE].map((name) => [name, 0]));
    const { palette } = context;
    this.chart = new LineChart(findAs(panel, '.curve', HTMLCanvasElement), {
      palette,
      onPick: (position) => this.#cutAt(cuts[Math.round(position)]),
      onShow: this.draw,
    });
    this.samples = new DigitPicker(findAs(panel, '.samples', HTMLCanvasElement), {
      columns: SAMPLES_A_ROW, palette, onShow: this.draw,
    });
    this.samples.isWrong = (number) => this.#answers.length > 0 && this.#answers[number] !== this.#opened?.labels[number];
    const ask = (/** @type {ReadRequest} */ asked) => context.ask('depth_read', asked);
    /** @type {WantedRequest<ReadRequest, ReadReply | Failure>} */
    this.preview = new WantedRequest(ask, this.#receive);
    this.rest = new AtRest(find(panel, '.badge'), ask, this.#receiveExact);
    this.#attach();
  }

  async open() {
    /** @type {OpenReply | Failure} */
    const reply = await this.context.ask('depth_open', {});
    if (reply.error !== undefined) return reply.error;
    this.#opened = reply;
    this.samples.open(reply.pixels, reply.labels);
    const { source, report } = reply;
    fillMeasured(this.panel, report);
    showText(find(this.panel, '.seeds'), `Mean and standard deviation of ${report.seeds} seeds on MNIST's test digits.`);
    const live = `The pairs that ship are those of seed 0, measured exactly on ${source.count.toLocaleString('en')} digits, ${source.title}.`;
    showText(find(this.panel, '.where'), `Table: ${report.seeds} seeds. ${live}`);
    this.panel.dataset.state = 'open';
    this.#read();
    return null;
  }

  // ---- controls

  #attach() {
    const { panel } = this;
    const { layers, cuts, liveCount, counts } = this.start;
    this.sliders = {
      cut: slider(panel, '.cut', (value) => this.#cutAt(value)),
      count: slider(panel, '.count', (value) => {
        this.choice.count = value;
        this.draw();
      }),
    };
    findAs(panel, '.count', HTMLInputElement).max = String(counts.length - 1);
    findAs(panel, '.cut', HTMLInputElement).max = String(cuts.at(-1));
    showText(find(panel, '.live-count'), String(liveCount));
    find(panel, '.layers').replaceChildren(...layers.map((name) => {
      const box = document.createElement('span');
      box.textContent = name;
      return box;
    }));
    for (const name of Object.keys(this.alphas)) this.#addAlpha(name);
    for (const [selector, alpha] of /** @type {[string, number][]} */ ([['.none', 0], ['.every', 1]])) {
      find(panel, selector).addEventListener('click', () => {
        for (const name of Object.keys(this.alphas)) this.alphas[name] = alpha;
        this.#read();
      });
    }
  }

  /** @param {string} name */
  #addAlpha(name) {
    const row = document.createElement('label');
    const [text, input, output] = ['span', 'input', 'output'].map((tag) => document.createElement(tag));
    row.className = `slide alpha-of-${name}`;
    text.textContent = name === ABOVE ? 'layers above' : name;
    for (const [key, value] of Object.entries({ type: 'range', min: '0', max: '1', step: '0.01' })) {
      input.setAttribute(key, value);
    }
    input.setAttribute('aria-label', `alpha of ${text.textContent}`);
    row.append(text, input, output);
    find(this.panel, '.alphas').append(row);
    this.#alphaSliders[name] = slider(row, 'input', (value) => {
      this.alphas[name] = value;
      this.#read();
    });
  }

  /** @param {number} cut */
  #cutAt(cut) {
    if (cut === this.choice.cut) return;
    this.choice.cut = cut;
    this.#read();
  }

  #read() {
    const { cut } = this.choice;
    const names = [...this.start.layers.slice(0, cut), ABOVE];
    const alphas = Object.fromEntries(names.map((name) => [name, this.alphas[name]]));
    this.#accuracy = null;
    if (this.#opened) {
      this.preview.want({ cut, alphas, measure: false });
      this.rest.want({ cut, alphas, measure: true });
    }
    this.draw();
  }

  /** @param {ReadReply | Failure} reply */
  #receive = (reply) => {
    this.context.showMessage(reply.error ?? null);
    if (reply.error === undefined) this.#answers = reply.answers;
    this.draw();
  };

  /** @param {ReadReply | Failure} reply */
  #receiveExact = (reply) => {
    if (reply.error === undefined) {
      // One that is still under way would put its own answers, read from fewer digits, in place of these.
      this.preview.want(null);
      this.#accuracy = reply.accuracy;
      this.rest.show('exact');
    }
    this.#receive(reply);
  };

  // ---- drawing

  draw = () => {
    this.#drawControls();
    this.#drawSamples();
    const report = this.#opened?.report;
    if (!report) return;
    this.#drawKinds(report);
    this.#drawTable(report);
  };

  #drawControls() {
    const { cut, count } = this.choice;
    const { layers, counts } = this.start;
    this.sliders?.cut.show(cut, `${cut} (${layers[cut - 1]})`);
    this.sliders?.count.show(count, String(counts[count]));
    [...find(this.panel, '.layers').children].forEach((box, index) => box.classList.toggle('kept', index < cut));
    for (const [name, own] of Object.entries(this.#alphaSliders)) {
      own.show(this.alphas[name], this.alphas[name].toFixed(2));
      const isBelow = name === ABOVE || layers.indexOf(name) < cut;
      find(this.panel, `.alpha-of-${name}`).hidden = !isBelow;
    }
    showText(find(this.panel, '.of-all'), this.#accuracy === null ? '…' : percent(this.#accuracy, 1));
  }

  #drawSamples() {
    this.samples.draw();
    if (!this.#answers.length) return;
    const wrong = this.#answers.filter((_, number) => this.samples.isWrong(number)).length;
    const text = `${wrong} of these ${this.#answers.length} test digits 5 to 9 are read wrongly`;
    this.samples.canvas.setAttribute('aria-label', text);
    showText(find(this.panel, '.wrong'), `${text}: those with a red frame and a cross.`);
  }

  /** @param {Report} report */
  #drawKinds({ counts }) {
    const { cut, count } = this.choice;
    const { cuts, kinds, layers } = this.start;
    const counted = counts[this.start.counts[count]];
    this.chart.lines = linesOf(counted, kinds);
    this.chart.ticks = cuts.map((layer) => layers[layer - 1]);
    this.chart.range = rangeOf(this.chart.lines.flatMap(({ points }) => points));
    this.chart.draw(cuts.indexOf(cut));
    const label = `Accuracies with ${this.start.counts[count]} labels of each digit, cut after layer ${cut}`;
    this.chart.surface.canvas.setAttribute('aria-label', label);
    const values = [...kinds.map((kind) => counted.kinds[kind][cuts.indexOf(cut)]), counted.alone];
    const list = find(this.panel, '.kinds');
    if (!list.children.length) this.values = fillLegend(list, [...kinds, 'alone'].map((kind) => LINES[kind]));
    this.values?.forEach(({ value }, index) => showText(value, measuredText(values[index])));
  }

  /** @param {Report} report */
  #drawTable({ layers }) {
    const { cut } = this.choice;
    const measured = layers[this.start.cuts.indexOf(cut)];
    const rows = Object.keys(measured.only).map((name) => [
      name === ABOVE ? 'layers above' : name, measuredText(measured.only[name]), measuredText(measured.without[name])]);
    const ends = [measured.curve[0], measured.curve[measured.curve.length - 1]].map(measuredText);
    fillTable(find(this.panel, '.measured'), [
      ['alpha 1', 'for this layer alone', 'for all but this one'], ...rows,
      ['AnB, AnB+', ends[0], ends[1]],
    ]);
  }
}
