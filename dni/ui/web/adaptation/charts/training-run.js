// @ts-check
// The scrubber over DANN's training: the feature map at each snapshot, and what was measured there.

import { find, findAs } from '../../lib/dom.js';
import { DASHES } from './canvas.js';
import { Chart } from './chart.js';
import { CoalescedRequest } from '../coalesced-request.js';
import { FeatureMap } from './feature-map.js';
import { fillLegend } from './legend.js';
import { Series, decodePositions } from '../samples/numbers.js';

/** @typedef {import('../../lib/protocol.js').Failure} Failure */
/** @typedef {import('../protocol.js').RunReply} RunReply */

/** What is measured, each drawn from 0 to 1; the A-distance lies between 0 and 2. */
export const MEASURES = [
  { name: 'MNIST', key: 'mnist', colour: '--d0', dash: DASHES[0], most: 1 },
  { name: 'MNIST-M', key: 'mnist_m', colour: '--d1', dash: DASHES[1], most: 1 },
  { name: 'domains told apart', key: 'domain_accuracy', colour: '--d2', dash: DASHES[2], most: 1 },
  { name: 'A-distance / 2', key: 'a_distance', colour: '--d3', dash: DASHES[3], most: 2 },
  { name: 'reversal', key: 'reversal', colour: '--d4', dash: DASHES[4], most: 1 },
];
const TICKS = [
  { at: 0, text: 'start' },
  { at: 0.5, text: 'half' },
  { at: 1, text: 'end of training' },
];

/**
 * A training from 0 to 1: positions at the snapshots and measures at theirs, null where there are none.
 * @typedef {{ last: number, map: Series | null, measures: Series | null }} Run
 */

/**
 * @param {RunReply} reply
 * @returns {Run}
 */
export function decodeRun({ iterations, metrics, positions }) {
  const last = iterations.at(-1) ?? metrics.at(-1)?.iteration ?? 0;
  const sharesOf = (/** @type {number[]} */ steps) => steps.map((step) => step / last);
  const rows = metrics.flatMap((entry) => MEASURES.map(({ key, most }) => entry[key] / most));
  return {
    last,
    map: iterations.length ? new Series(sharesOf(iterations), decodePositions(positions)) : null,
    measures: metrics.length ? new Series(sharesOf(metrics.map(({ iteration }) => iteration)), rows) : null,
  };
}

/**
 * @param {Run | null} run
 * @param {number} progress 0 to 1.
 */
export function iterationText(run, progress) {
  return run?.map ? `iteration ${Math.round(progress * run.last).toLocaleString('en')}` : '';
}

export class TrainingRun {
  /** @type {Run | null} */
  #run = null;
  #hasFailed = false;

  /**
   * @param {HTMLDetailsElement} box
   * @param {object} options
   * @param {import('./canvas.js').Palette} options.palette
   * @param {(name: string, request: any) => Promise<any>} options.ask Asks the server; never rejects.
   * @param {(text: string | null) => void} options.showMessage
   */
  constructor(box, { palette, ask, showMessage }) {
    this.box = box;
    this.showMessage = showMessage;
    this.slider = findAs(box, '.progress input', HTMLInputElement);
    this.map = new FeatureMap(findAs(box, 'canvas.map', HTMLCanvasElement), palette, this.draw);
    this.chart = new Chart(findAs(box, 'canvas.measures', HTMLCanvasElement), {
      palette,
      lines: MEASURES,
      ticks: TICKS,
      onPick: this.#pick,
      onShow: this.draw,
    });
    this.legend = fillLegend(find(box, '.legend'), MEASURES);
    /** @type {CoalescedRequest<{}, RunReply | Failure>} */
    this.request = new CoalescedRequest((asked) => ask('run', asked), this.#receive);
    this.slider.addEventListener('input', () => requestAnimationFrame(this.draw));
    box.addEventListener('toggle', () => {
      if (box.open && !this.#run) this.request.ask({});
    });
  }

  draw = () => {
    const progress = Number(this.slider.value);
    find(this.box, '.progress output').textContent = iterationText(this.#run, progress);
    if (this.#run?.map) this.map.draw(this.#run.map.at(progress));
    this.chart.draw(progress);
    const row = this.#run?.measures?.at(progress);
    this.legend.forEach(({ value }, n) => {
      value.textContent = row ? row[n].toFixed(2) : '';
    });
  };

  #pick = (/** @type {number} */ share) => {
    this.slider.value = String(share);
    this.draw();
  };

  /** @param {RunReply | Failure} reply */
  #receive = (reply) => {
    // Its own error only: another's may be on screen.
    if (reply.error !== undefined || this.#hasFailed) this.showMessage(reply.error ?? null);
    this.#hasFailed = reply.error !== undefined;
    if (reply.error !== undefined) return;
    this.#run = decodeRun(reply);
    this.map.labels = reply.labels;
    this.chart.series = this.#run.measures;
    this.chart.note = 'not measured';
    find(this.box, '.note').textContent = reply.note;
    this.box.dataset.there = String(reply.iterations.length);
    this.draw();
  };
}
