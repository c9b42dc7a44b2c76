// @ts-check
// The picture behind the digits, and how strongly it is faded in.

import { find, findAs } from '../lib/dom.js';
import { chooseFiles, giveFiles } from '../lib/gradio.js';
import { DASHES } from './charts/canvas.js';
import { Chart } from './charts/chart.js';
import { fillLegend } from './charts/legend.js';
import { percent } from './samples/numbers.js';

const UPLOAD_BOX = '#digits-picture';
const LINES = [
  { name: 'source only', colour: '--d1', dash: DASHES[1] },
  { name: 'blend', colour: '--d4', dash: DASHES[0] },
  { name: 'adapted', colour: '--d2', dash: DASHES[2] },
];
const TICKS = [
  { at: 0, text: 'no picture' },
  { at: 0.5, text: 'half' },
  { at: 1, text: 'full strength' },
];

export class ShiftPanel {
  /** Whether a picture was chosen from the list after the last upload began. */
  #hasChosen = false;

  /**
   * @param {HTMLElement} panel
   * @param {object} options
   * @param {import('./digit-controller.js').DigitController} options.controller
   * @param {import('./charts/canvas.js').Palette} options.palette
   * @param {[token: string, title: string][]} options.examples
   * @param {() => void} options.onChange
   */
  constructor(panel, { controller, palette, examples, onChange }) {
    this.panel = panel;
    this.controller = controller;
    this.examples = examples;
    this.pictures = findAs(panel, '.pictures', HTMLSelectElement);
    this.slider = findAs(panel, '.strength input', HTMLInputElement);
    this.legend = fillLegend(find(panel, '.legend'), LINES);
    this.chart = new Chart(findAs(panel, 'canvas.strengths', HTMLCanvasElement), {
      palette,
      lines: LINES,
      ticks: TICKS,
      onPick: (share) => this.#setStrength(Math.round(10 * share) / 10), // the steps of the slider
      onShow: () => {
        onChange();
        controller.askRest();
      },
    });
    this.#listPictures(examples);
    this.#attach();
  }

  get isSeen() {
    return this.chart.surface.isSeen;
  }

  /**
   * List a person's own picture, and choose it unless they have chosen an example meanwhile. It takes the place of
   * the last one, which the server no longer holds.
   *
   * @param {string} token
   * @param {string} name
   */
  addPicture(token, name) {
    const { choice } = this.controller;
    const isNewer = this.#hasChosen && this.examples.some(([example]) => example === choice.token);
    if (!isNewer) this.controller.choose({ token });
    this.#listPictures([...this.examples, [token, name]]);
  }

  draw() {
    const { strengths, predictions, choice } = this.controller;
    this.chart.series = strengths?.series ?? null;
    this.chart.draw(choice.strength);
    const [, blend, adapted] = this.legend;
    blend.title.textContent = strengths ? `blend at ${strengths.alpha.toFixed(2)}` : 'blend';
    adapted.title.textContent = predictions?.title ?? 'adapted';
    const accuracies = strengths?.series.at(choice.strength);
    this.legend.forEach(({ value }, n) => {
      value.textContent = accuracies ? percent(accuracies[n]) : '…';
    });
  }

  /** @param {[token: string, title: string][]} pictures */
  #listPictures(pictures) {
    this.pictures.replaceChildren(...pictures.map(([token, title]) => new Option(title, token)));
    this.pictures.value = this.controller.choice.token;
  }

  /** @param {number} strength */
  #setStrength(strength) {
    if (strength === this.controller.choice.strength) return;
    this.slider.value = String(Math.round(100 * strength));
    find(this.panel, '.strength output').textContent = percent(strength);
    this.controller.choose({ strength });
  }

  #attach() {
    const { panel } = this;
    this.pictures.addEventListener('change', () => {
      this.#hasChosen = true;
      this.controller.choose({ token: this.pictures.value });
    });
    document.addEventListener('change', ({ target }) => {
      if (target instanceof Element && target.closest(UPLOAD_BOX)) this.#hasChosen = false;
    });
    this.slider.addEventListener('input', () => this.#setStrength(Number(this.slider.value) / 100));
    find(panel, '.upload').addEventListener('click', () => chooseFiles(UPLOAD_BOX));
    panel.addEventListener('dragover', (event) => event.preventDefault());
    panel.addEventListener('drop', (event) => {
      event.preventDefault();
      giveFiles(UPLOAD_BOX, [...(event.dataTransfer?.files ?? [])].slice(0, 1));
    });
  }
}
