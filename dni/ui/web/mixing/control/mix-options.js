// @ts-check
// The options of a mix: task arithmetic, shares beyond the ends, repair, the merge method, and another mix outside of
// the mask.

import { find, findAs, showText } from '../../lib/dom.js';
import { describeMix } from '../../lib/frames/shares.js';

/** @typedef {import('../../lib/protocol.js').Mix} Mix */

/** @typedef {import('../../lib/protocol.js').Method} Method */

/**
 * What was saved by an older page lacks the last two.
 * @typedef {{ tasks: boolean, beyond: boolean, isAround: boolean, base: Mix | null, repair?: boolean,
 *   method?: Method | null }} OptionValues
 */

/**
 * What a merge method needs and does not have.
 * @param {{ least?: string, most?: string }} ends how many it takes
 * @param {number} numEnds
 * @returns {string} empty where it can be used
 */
export function requirement({ least = '2', most = '256' }, numEnds) {
  if (numEnds < Number(least)) return `needs ${least} networks or more`;
  return numEnds > Number(most) ? `takes ${most} networks only` : '';
}

export class MixOptions {
  /** Whether shares are those of task arithmetic. */
  tasks = false;
  /** Whether shares may be below 0 and above 1. */
  beyond = false;
  /** Whether the first end is in the middle of the pad. */
  isAround = false;
  /** The mix outside of the mask; null: the first end. @type {Mix | null} */
  base = null;
  /** Whether the blend is repaired. */
  repair = false;
  /** The merge method; null: the straight line. @type {Method | null} */
  method = null;

  /**
   * @param {object} options
   * @param {HTMLElement} options.element the page
   * @param {() => void} options.onSpaceChange shares are set in another way
   * @param {() => void} options.onBaseChange the first end is outside of the mask again
   * @param {() => void} options.onWayChange the networks are blended in another way
   */
  constructor({ element, onSpaceChange, onBaseChange, onWayChange }) {
    this.boxes = {
      tasks: findAs(element, '.tasks', HTMLInputElement),
      beyond: findAs(element, '.beyond', HTMLInputElement),
      repair: findAs(element, '.repair', HTMLInputElement),
    };
    this.methods = findAs(element, '.method', HTMLSelectElement);
    this.boxes.repair.addEventListener('change', () => {
      this.repair = this.boxes.repair.checked;
      onWayChange();
    });
    this.methods.addEventListener('change', () => {
      this.method = this.methods.value ? { name: this.methods.value } : null;
      onWayChange();
    });
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

  /** @returns {OptionValues} */
  get values() {
    const { tasks, beyond, isAround, base, repair, method } = this;
    return { tasks, beyond, isAround, base, repair, method };
  }

  /** Whether shares below 0 and above 1 can be set. */
  get isUnlimited() { return this.tasks || this.beyond; }

  /** @param {OptionValues} values */
  restore(values) {
    Object.assign(this, { repair: false, method: null }, values);
    this.#showBoxes();
  }

  /**
   * The options of a recipe, or of new networks.
   * @param {{ beyond: boolean, base: Mix | null, isAround: boolean, numEnds: number, mix?: Mix | null }} options mix: a
   *   recipe's
   */
  open({ beyond, base, isAround, numEnds, mix = null }) {
    for (const option of this.methods.options) {
      const unmet = requirement(option.dataset, numEnds);
      option.disabled = Boolean(unmet);
      option.label = unmet ? `${option.text} (${unmet})` : option.text;
    }
    this.restore({ tasks: false, beyond, base, isAround, repair: mix?.repair ?? false, method: mix?.method ?? null });
  }

  #showBoxes() {
    this.boxes.tasks.checked = this.tasks;
    this.boxes.beyond.checked = this.beyond;
    this.boxes.repair.checked = this.repair;
    this.methods.value = this.method?.name ?? '';
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
