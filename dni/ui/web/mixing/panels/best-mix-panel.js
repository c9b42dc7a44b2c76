// @ts-check
// The search for the best mix, in the Layers panel: for which goal, how far it is, and giving it up.

import { findAs, showText } from '../../lib/dom.js';
import { BestMixSearch } from '../best-mix-search.js';

export class BestMixPanel {
  /** @param {import('../best-mix-search.js').BestMixOptions & { element: HTMLElement }} options element: the panel */
  constructor({ element, ...options }) {
    this.goal = findAs(element, '.goal', HTMLSelectElement);
    this.button = findAs(element, 'button.find', HTMLButtonElement);
    this.cancel = findAs(element, 'button.cancel', HTMLButtonElement);
    this.note = findAs(element, '.best-note', HTMLElement);
    this.search = new BestMixSearch({ ...options, show: (text) => this.#show(text) });
    this.button.addEventListener('click', () => this.search.find(this.goal.value));
    this.cancel.addEventListener('click', () => this.search.stop());
  }

  /** Another picture: what is said is about the former one. */
  openPicture() {
    if (this.search.isBusy) this.search.stop(); else this.#show('');
  }

  /**
   * Other networks: those that keep the size cannot be given the picture itself, reduced.
   * @param {number} scale of the enlargement
   */
  open(scale) {
    this.search.stop();
    this.#show('');
    const [perceptual] = this.goal.options;
    perceptual.disabled = scale === 1;
    if (perceptual.disabled && this.goal.value === perceptual.value) this.goal.value = 'noise';
    if (!perceptual.disabled && this.goal.value === 'noise') this.goal.value = perceptual.value;
  }

  /** @param {string} text */
  #show(text) {
    const { isBusy } = this.search;
    showText(this.note, text);
    this.button.hidden = isBusy;
    this.cancel.hidden = !isBusy;
    this.goal.disabled = isBusy;
  }
}
