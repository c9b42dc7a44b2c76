// @ts-check
// The options of a mix: task arithmetic, shares beyond the ends, and another mix outside of the mask.

import { find, findAs, showText } from '../../lib/dom.js';
import { describeMix } from '../../lib/shares.js';

/** @typedef {import('../../lib/protocol.js').Mix} Mix */

/** @typedef {{ tasks: boolean, beyond: boolean, isAround: boolean, base: Mix | null }} OptionValues */

export class MixOptions {
  /** Whether shares are those of task arithmetic. */
  tasks = false;
  /** Whether shares may be below 0 and above 1. */
  beyond = false;
  /** Whether the first end is in the middle of the pad. */
  isAround = false;
  /** The mix outside of the mask; null: the first end. @type {Mix | null} */
  base = null;

  /**
   * @param {object} options
   * @param {HTMLElement} options.element the page
   * @param {() => void} options.onSpaceChange shares are set in another way
   * @param {() => void} options.onBaseChange the first end is outside of the mask again
   */
  constructor({ element, onSpaceChange, onBaseChange }) {
    this.boxes = {
      tasks: findAs(element, '.tasks', HTMLInputElement),
      beyond: findAs(element, '.beyond', HTMLInputElement),
    };
    this.warning = find(element, '.warning');
    this.outside = find(element, '.outside');
    this.outsideWords = find(element, '.outside-words');
    this.outsideButton = find(element, '.outside button');
    this.elsewhere = find(element, '.elsewhere');
    for (const name of /** @type {const} */ (['tasks', 'beyond'])) {
      this.boxes[name].addEventListener('change', () => {
        this[name] = this.boxes[name].checked;
        this.#showBoxes();
        onSpaceChange();
      });
    }
    this.outsideButton.addEventListener('click', () => {
      this.base = null;
      onBaseChange();
    });
  }

  /** Whether shares below 0 and above 1 can be set. */
  get isUnlimited() { return this.tasks || this.beyond; }

  /** @param {OptionValues} values */
  restore(values) {
    Object.assign(this, values);
    this.#showBoxes();
  }

  /**
   * The options of a recipe, or of new networks.
   * @param {{ beyond: boolean, base: Mix | null, isAround: boolean }} options
   */
  open({ beyond, base, isAround }) {
    this.restore({ tasks: false, beyond, base, isAround });
  }

  #showBoxes() {
    this.boxes.tasks.checked = this.tasks;
    this.boxes.beyond.checked = this.beyond;
  }

  /** @param {boolean} isBeyond whether the mix on screen lies beyond the ends */
  showWarning(isBeyond) {
    this.warning.hidden = !isBeyond;
  }

  /**
   * Say what is outside of the mask. A recipe may have another mix there; here it can only be taken away.
   * @param {readonly string[]} labels of the ends
   * @param {boolean} isPainted whether the mask applies
   */
  showOutside(labels, isPainted) {
    const base = isPainted ? this.base : null;
    this.outside.hidden = !base;
    this.elsewhere.hidden = Boolean(base);
    if (!base) return;
    showText(this.outsideWords, `Outside the mask: ${describeMix(base, labels)}`);
    showText(this.outsideButton, `Back to ${labels[0]}`);
  }
}
