// @ts-check
// The view "From a teacher": a teacher's answer at a temperature, and students that never saw a digit.

import { BarList } from '../../adaptation/samples/bars.js';
import { DrawingPad } from '../../adaptation/drawing/drawing-pad.js';
import { encodeBytes, percent } from '../../adaptation/samples/numbers.js';
import { fillLegend } from '../../adaptation/charts/legend.js';
import { find, findAs, showText } from '../../lib/dom.js';
import { gridAt, measuredText, rowAt, softmax, withBias } from '../answers.js';
import { AtRest } from '../at-rest.js';
import { WantedRequest } from '../wanted-request.js';
import { fillMeasured, fillTable, radio, slider } from '../widgets/controls.js';
import { DigitPicker } from '../widgets/digit-picker.js';
import { LineChart } from '../widgets/line-chart.js';

/** @typedef {import('../protocol.js').TeacherOpenReply} OpenReply */
/** @typedef {import('../protocol.js').TeacherReadReply} ReadReply */
/** @typedef {import('../protocol.js').TeacherReadRequest} ReadRequest */
/** @typedef {import('../protocol.js').TeacherExactReply} ExactReply */
/** @typedef {import('../protocol.js').TeacherExactRequest} ExactRequest */
/** @typedef {import('../protocol.js').Failure} Failure */

/** @typedef {{ hidden: number[], alphas: number[], biases: number[], temperature: number }} Start */

const SAMPLES_A_ROW = 10;
const KINDS = [
  { kind: 'hard', name: 'labels', colour: '--d1', dash: [2, 3] },
  { kind: 'soft', name: 'soft targets', colour: '--d0', dash: [] },
  { kind: 'logits', name: 'logits', colour: '--d2', dash: [9, 4] },
];
const BLEND = { name: 'this blend (the networks of seed 0)', colour: '--d3', dash: [9, 3, 2, 3] };
const MOST_TEMPERATURE = 40;
// The paper's.
const FIRST_HIDDEN = 3;

/**
 * @param {number} position Of the slider, 0 to 100.
 * @returns {number} A temperature from 1 to 40, in equal ratios.
 */
export function temperatureAt(position) {
  return MOST_TEMPERATURE ** (position / 100);
}

/** @type {import('../transfer.js').MountView} */
export function mountTeacher(panel, context) {
  return new TeacherPanel(panel, context);
}

class TeacherPanel {
  /** @type {OpenReply | null} */
  #opened = null;
  /** @type {ReadReply | null} */
  #reading = null;
  /** @type {ExactReply | null} */
  #exact = null;
  /** @type {string | null} bytes (28, 28) in base64; null: there is nothing to read. */
  #ink = null;

  /**
   * @param {HTMLElement} panel
   * @param {import('../transfer.js').ViewContext} context
   */
  constructor(panel, context) {
    this.panel = panel;
    this.context = context;
    this.start = /** @type {Start} */ (context.start);
    const atStart = 100 * (Math.log(this.start.temperature) / Math.log(MOST_TEMPERATURE));
    this.choice = { hidden: FIRST_HIDDEN, alpha: 1, bias: 0, temperature: atStart };
    this.teacher = new BarList(find(panel, '.teacher-bars'));
    this.readings = ['labels', 'blend', 'soft targets'].map((name) => addReading(find(panel, '.readings'), name));
    this.samples = new DigitPicker(findAs(panel, '.samples', HTMLCanvasElement), {
      columns: SAMPLES_A_ROW,
      palette: context.palette,
      onShow: this.draw,
      onPick: (ink) => this.#take(ink),
    });
    this.chart = new LineChart(findAs(panel, '.curve', HTMLCanvasElement), {
      palette: context.palette,
      onPick: (position) => this.#set('bias', Math.round(10 * rowAt([0, this.start.biases.length - 1],
        [[0], [this.start.biases.at(-1) ?? 0]], position)[0]) / 10),
      onShow: this.draw,
    });
    /** @type {WantedRequest<ReadRequest, ReadReply | Failure>} */
    this.request = new WantedRequest(
      (/** @type {ReadRequest} */ asked) => context.ask('teacher_read', asked), this.#receive);
    this.rest = new AtRest(find(panel, '.badge'),
      (/** @type {ExactRequest} */ asked) => context.ask('teacher_exact', asked), this.#receiveExact);
    this.#attach();
  }

  async open() {
    /** @type {OpenReply | Failure} */
    const reply = await this.context.ask('teacher_open', {});
    if (reply.error !== undefined) return reply.error;
    this.#opened = reply;
    this.samples.open(reply.pixels, reply.labels);
    this.samples.pick(Math.max(0, reply.labels.indexOf(this.choice.hidden)));
    this.#fillTable(reply);
    fillMeasured(this.panel, reply.report);
    this.panel.dataset.state = 'open';
    return null;
  }

  // ---- controls

  #attach() {
    const { panel } = this;
    this.sliders = {
      temperature: slider(panel, '.temperature', (value) => this.#set('temperature', value)),
      bias: slider(panel, '.bias', (value) => this.#set('bias', value)),
      alpha: slider(panel, '.alpha-share', (value) => this.#set('alpha', value)),
    };
    const hint = find(panel, '.hint');
    const pad = new DrawingPad(findAs(panel, '.pad', HTMLCanvasElement), () => {
      hint.hidden = !pad.isEmpty;
      this.samples.picked = -1;
      this.#take(pad.drawing?.ink ?? null);
    });
    find(panel, '.clear').addEventListener('click', () => pad.clear());
    const name = `transfer-hidden-${Math.random()}`;
    for (const digit of this.start.hidden) {
      find(panel, '.hiddens').append(radio(name, String(digit), digit === this.choice.hidden, () => {
        this.choice.hidden = digit;
        if (this.#opened) this.samples.pick(Math.max(0, this.#opened.labels.indexOf(digit)));
      }));
    }
    fillLegend(find(panel, '.legend'), [...KINDS, BLEND]);
  }

  /**
   * @param {'temperature' | 'bias' | 'alpha'} name
   * @param {number} value
   */
  #set(name, value) {
    this.choice[name] = value;
    if (name !== 'temperature') this.#askExact();
    this.draw();
  }

  /** @param {Uint8Array | null} ink (28, 28); null: there is nothing to read. */
  #take(ink) {
    this.#ink = ink && encodeBytes(ink);
    this.#reading = null;
    this.request.want(this.#ink === null ? null : { hidden: this.choice.hidden, ink: this.#ink });
    this.#askExact();
    this.draw();
  }

  #askExact() {
    this.#exact = null;
    const { hidden, alpha, bias } = this.choice;
    this.rest.want(this.#ink === null ? null : { hidden, alpha, bias, ink: this.#ink });
  }

  /** @param {ReadReply | Failure} reply */
  #receive = (reply) => {
    this.context.showMessage(reply.error ?? null);
    if (reply.error === undefined) this.#reading = reply;
    this.draw();
  };

  /** @param {ExactReply | Failure} reply */
  #receiveExact = (reply) => {
    this.context.showMessage(reply.error ?? null);
    if (reply.error !== undefined) return;
    this.#exact = reply;
    this.rest.show('exact');
    this.draw();
  };

  // ---- drawing

  draw = () => {
    this.#drawControls();
    this.samples.draw();
    this.#drawBars();
    this.#drawScores();
    this.#drawChart();
  };

  #drawControls() {
    const { hidden, alpha, bias, temperature } = this.choice;
    this.sliders?.temperature.show(temperature, temperatureAt(temperature).toFixed(1));
    this.sliders?.bias.show(bias, `+${bias.toFixed(1)}`);
    this.sliders?.alpha.show(alpha, alpha.toFixed(2));
    showText(find(this.panel, '.hidden-digit'), String(hidden));
    showText(find(this.panel, '.hidden-name'), `${hidden}s`);
  }

  #drawBars() {
    const { hidden, alpha, bias, temperature } = this.choice;
    const reading = this.#reading;
    showText(find(this.panel, '.teacher-note'), this.#opened && this.#ink === null ? 'Nothing to read: draw a digit, or click one.' : '');
    this.teacher.show(reading && softmax(reading.teacher, temperatureAt(temperature)));
    const at = (/** @type {number} */ share) =>
      reading && softmax(withBias(rowAt(this.start.alphas, reading.students, share), hidden, bias));
    const exact = this.#exact && softmax(withBias(this.#exact.logits, hidden, bias));
    [at(0), exact ?? at(alpha), at(1)].forEach((shares, index) => this.readings[index].bars.show(shares));
    showText(this.readings[1].head, `blend at ${alpha.toFixed(2)}`);
  }

  #drawScores() {
    const grid = this.#opened?.report.blends[this.choice.hidden].shipped;
    if (!grid) return;
    const { alpha, bias } = this.choice;
    const points = { rows: this.start.alphas, columns: this.start.biases };
    const preview = (/** @type {number[][]} */ numbers) => gridAt(points, numbers, alpha, bias);
    const { all, hidden } = this.#exact?.accuracy ?? { all: preview(grid.all), hidden: preview(grid.hidden) };
    showText(find(this.panel, '.of-hidden'), percent(hidden, 1));
    showText(find(this.panel, '.of-all'), percent(all, 1));
  }

  #drawChart() {
    const { report } = this.#opened ?? {};
    const { hidden, alpha, bias } = this.choice;
    if (!report) return;
    const blend = rowAt(this.start.alphas, report.blends[hidden].shipped.hidden, alpha);
    this.chart.ticks = this.start.biases.map((value) => (value % 2 === 0 ? `+${value}` : ''));
    this.chart.lines = [
      ...KINDS.map(({ kind, colour, dash }) => ({ colour, dash, points: report.curves[hidden][kind].hidden })),
      { ...BLEND, points: blend.map((mean) => ({ mean, deviation: 0 })) },
    ];
    const last = this.start.biases.length - 1;
    this.chart.draw((bias / this.start.biases[last]) * last);
    const label = `Accuracy on the ${hidden}s for each bias, of three kinds of students and of this blend`;
    this.chart.surface.canvas.setAttribute('aria-label', label);
  }

  /** @param {OpenReply} opened */
  #fillTable({ report, source }) {
    const body = [['student, taught by', 'all test digits'],
      ...KINDS.map(({ kind, name }) => [name, measuredText(report.all[kind])]),
      ['the teacher itself', percent(report.teacher, 1)]];
    fillTable(find(this.panel, '.measured'), body);
    const seeds = `Students that saw all digits; mean and standard deviation of ${report.seeds} seeds on MNIST's test digits.`;
    showText(find(this.panel, '.seeds'), seeds);
    const where = 'Lines: share of the hidden digits that are read rightly, over the bias; drag the chart or the slider. ';
    const own = source.isMnist ? '' : `MNIST is not here: the exact numbers are those of ${source.title}.`;
    showText(find(this.panel, '.where'), where + own);
  }
}

/**
 * @param {HTMLElement} parent
 * @param {string} name
 */
function addReading(parent, name) {
  const column = document.createElement('div');
  const head = document.createElement('h4');
  const list = document.createElement('ul');
  head.textContent = name;
  list.className = 'bars';
  column.append(head, list);
  parent.append(column);
  return { head, bars: new BarList(list) };
}
