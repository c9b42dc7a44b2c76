// @ts-check
// The two charts of what ships: accuracy by colour of the ink, and by brightness of the patch.

import { find, findAs } from '../../lib/dom.js';
import { Series, percent } from '../samples/numbers.js';
import { DASHES } from './canvas.js';
import { Chart } from './chart.js';
import { fillLegend } from './legend.js';
import { brightnessPoints, brightnessRow, brightnessText, inkSeries, inkText } from './measured.js';

/** @typedef {import('../samples/predictions.js').Predictions} Predictions */
/** @typedef {import('./canvas.js').Palette} Palette */

const NOT_MEASURED = 'not measured';
const HOW_TO_MEASURE = "Not measured of these networks: 'python -m dni evaluate digit-curves' does that.";
const ALPHA_TICKS = [{ at: 0, text: 'alpha 0' }, { at: 0.5, text: '0.5' }, { at: 1, text: '1' }];
const BRIGHTNESS_TICKS = [{ at: 0, text: 'black (MNIST)' }, { at: 1, text: 'white (inverted)' }];
const BRIGHTNESS_LINES = [
  { name: 'source only', colour: '--d1', dash: DASHES[1] },
  { name: 'blend', colour: '--d4', dash: DASHES[0] },
  { name: 'adapted', colour: '--d2', dash: DASHES[2] },
];

/** @param {string} name Of an ink. */
const inkColour = (name) => `--ink-${name}`;

export class MeasuredPanels {
  /** @type {Predictions | null} */
  #shown = null;
  /** @type {{ title: HTMLElement, value: HTMLElement }[]} */
  #inkLegend = [];

  /**
   * @param {HTMLElement} section
   * @param {object} options
   * @param {Palette} options.palette
   * @param {(alpha: number) => void} options.onPick
   * @param {() => void} options.onShow
   */
  constructor(section, { palette, onPick, onShow }) {
    this.inks = find(section, '.inks');
    this.brightness = find(section, '.brightness');
    this.inkChart = new Chart(findAs(this.inks, 'canvas', HTMLCanvasElement), {
      palette, lines: [], ticks: ALPHA_TICKS, onPick, onShow,
    });
    this.brightnessChart = new Chart(findAs(this.brightness, 'canvas', HTMLCanvasElement), {
      palette, lines: BRIGHTNESS_LINES, ticks: BRIGHTNESS_TICKS, onShow,
    });
    this.brightnessLegend = fillLegend(find(this.brightness, '.legend'), BRIGHTNESS_LINES);
    for (const chart of [this.inkChart, this.brightnessChart]) chart.note = NOT_MEASURED;
  }

  /** @param {Predictions} shown */
  open(shown) {
    const { measured: facts, title } = shown;
    this.#shown = shown;
    const names = facts?.inks.names ?? [];
    const lines = names.map((name, n) => ({ name, colour: inkColour(name), dash: DASHES[n % DASHES.length] }));
    this.inkChart.lines = lines;
    this.inkChart.series = facts && inkSeries(facts);
    this.#inkLegend = fillLegend(find(this.inks, '.legend'), lines);
    this.brightnessLegend[2].title.textContent = title;
    const texts = facts ? [inkText(facts, title), brightnessText(facts, title)] : [HOW_TO_MEASURE, HOW_TO_MEASURE];
    [this.inks, this.brightness].forEach((panel, n) => {
      find(panel, 'figcaption').textContent = texts[n];
      find(panel, 'canvas').setAttribute('aria-label', texts[n]);
    });
  }

  /** @param {number} alpha */
  draw(alpha) {
    const facts = this.#shown?.measured;
    const row = this.inkChart.series?.at(alpha);
    this.#inkLegend.forEach(({ value }, n) => { value.textContent = row ? percent(row[n]) : ''; });
    this.inkChart.draw(alpha);
    const curve = this.#shown?.curve;
    if (facts && curve) {
      const rows = [0, alpha, 1].map((at) => brightnessRow(facts, curve.at(at), at));
      const points = brightnessPoints(facts);
      this.brightnessChart.series = new Series(points, points.flatMap((_, n) => rows.map((one) => one[n])));
      this.brightnessLegend[1].title.textContent = `blend at ${alpha.toFixed(2)}`;
    } else {
      this.brightnessChart.series = null;
    }
    this.brightnessChart.draw(null);
  }
}
