// @ts-check
// The control of the mix: a slider, a pad or a bank of sliders, and the shares as numbers.

import { findAs } from '../../lib/dom.js';
import { percent, percents } from '../../lib/frames/shares.js';
import { BEYOND, isPad, LineSpace } from '../../lib/frames/spaces.js';
import { colourOf, MixPad } from './mix-pad.js';
import { ShareSliders } from './share-sliders.js';

/** @typedef {import('../../lib/frames/shares.js').Shares} Shares */
/** @typedef {import('../../lib/frames/spaces.js').MixSpace} MixSpace */

const SAME = 1e-4;

export class MixControl {
  /** @type {MixSpace} */
  #space = new LineSpace();
  /** @type {readonly string[]} */
  #labels = [];
  /** @type {HTMLElement[]} */
  #numbers = [];

  /**
   * @param {object} options
   * @param {HTMLElement} options.element the mixer
   * @param {(shares: Shares) => void} options.onChange the person moves the mix
   * @param {() => void} options.onRest the person lets go of it
   */
  constructor({ element, onChange, onRest }) {
    this.element = element;
    this.line = findAs(element, '.line', HTMLElement);
    this.padBox = findAs(element, '.pad', HTMLElement);
    this.bank = findAs(element, '.bank', HTMLElement);
    this.slider = findAs(element, 'input.alpha', HTMLInputElement);
    this.pad = new MixPad({ canvas: findAs(this.padBox, 'canvas', HTMLCanvasElement), onChange, onRest });
    this.sliders = new ShareSliders({ element: this.bank, onChange, onRest });
    this.slider.addEventListener('input', () => onChange([1 - Number(this.slider.value), Number(this.slider.value)]));
    this.slider.addEventListener('change', onRest);
  }

  /**
   * Offer the control that a space needs; follow it by show().
   * @param {MixSpace} space
   * @param {readonly string[]} labels of the ends
   * @param {{ beyond: boolean, tasks: boolean }} options
   */
  open(space, labels, { beyond, tasks }) {
    this.#space = space;
    this.#labels = labels;
    this.line.hidden = space.kind !== 'line';
    this.padBox.hidden = !isPad(space);
    this.bank.hidden = space.kind !== 'sliders';
    this.slider.min = String(beyond ? -BEYOND : 0);
    this.slider.max = String(beyond ? 1 + BEYOND : 1);
    /** @type {NodeListOf<HTMLElement>} */ (this.line.querySelectorAll('.end')).forEach((name, end) => {
      name.textContent = name.title = labels[end]; // the name of a file may be long
    });
    this.pad.open(isPad(space) ? space : null, labels);
    if (space.kind === 'sliders') this.sliders.open(labels, { beyond, tasks });
    this.#openNumbers();
  }

  /** @param {Shares} shares */
  show(shares) {
    percents(shares).forEach((text, end) => { this.#numbers[end].textContent = text; });
    // Around an end its share is what the looks leave: it may be below 0 and says little.
    this.#numbers[0].closest('li')?.toggleAttribute('hidden', this.#space.kind === 'around');
    if (this.#space.kind === 'line') this.#showLine(shares[1]);
    else if (this.#space.kind === 'sliders') this.sliders.show(shares);
    else this.pad.show(shares);
  }

  /** @param {number} alpha */
  #showLine(alpha) {
    if (Math.abs(Number(this.slider.value) - alpha) > SAME) this.slider.value = String(alpha);
    const [first, second] = this.#labels;
    const words = `${alpha.toFixed(2)}: ${percent(1 - alpha)} ${first}, ${percent(alpha)} ${second}`;
    this.slider.setAttribute('aria-valuetext', words);
  }

  #openNumbers() {
    this.#numbers = this.#labels.map(() => document.createElement('b'));
    const items = this.#labels.map((label, end) => {
      const [item, dot, name] = ['li', 'i', 'span'].map((tag) => document.createElement(tag));
      dot.style.background = colourOf(end);
      name.textContent = label;
      item.append(dot, name, this.#numbers[end]);
      return item;
    });
    findAs(this.element, '.numbers', HTMLElement).replaceChildren(...items);
  }
}
