// @ts-check
// A slider for each end: shares whose sum stays 1, or with task arithmetic multiples of what an end learned.

import { taskShares, withShare } from '../../lib/frames/shares.js';
import { BEYOND } from '../../lib/frames/spaces.js';

/** @typedef {import('../../lib/frames/shares.js').Shares} Shares */

const SAME = 1e-4;

export class ShareSliders {
  /** @type {HTMLInputElement[]} */
  #inputs = [];
  /** @type {Shares} */
  #shares = [];
  #tasks = false;

  /**
   * @param {object} options
   * @param {HTMLElement} options.element
   * @param {(shares: Shares) => void} options.onChange the person moves a slider
   * @param {() => void} options.onRest the person lets go of it
   */
  constructor({ element, onChange, onRest }) {
    this.element = element;
    this.onChange = onChange;
    this.onRest = onRest;
  }

  /**
   * @param {readonly string[]} labels of the ends
   * @param {{ tasks: boolean, beyond: boolean }} options
   */
  open(labels, { tasks, beyond }) {
    this.#tasks = tasks;
    const room = tasks || beyond ? BEYOND : 0;
    this.#inputs = labels.map((label, end) => this.#makeInput(end, label, room));
    this.element.replaceChildren(...this.#inputs.map((input, end) => makeRow(input, labels[end], { tasks, end })));
  }

  /** @param {Shares} shares */
  show(shares) {
    this.#shares = shares;
    this.#inputs.forEach((input, end) => {
      const inUse = document.activeElement === input;
      if (!inUse && Math.abs(Number(input.value) - shares[end]) > SAME) input.value = String(shares[end]);
    });
  }

  /**
   * @param {number} end
   * @param {string} label
   * @param {number} room beyond 0 and 1
   */
  #makeInput(end, label, room) {
    const input = document.createElement('input');
    Object.assign(input, { type: 'range', step: '0.01', min: String(-room), max: String(1 + room) });
    const name = this.#tasks ? `How much of the difference of ${label} is added` : `Share of ${label}`;
    input.setAttribute('aria-label', name);
    input.addEventListener('input', () => this.#slide(end, Number(input.value)));
    input.addEventListener('change', () => this.onRest());
    return input;
  }

  /**
   * @param {number} end
   * @param {number} value
   */
  #slide(end, value) {
    const scales = this.#inputs.slice(1).map((input) => Number(input.value));
    this.onChange(this.#tasks ? taskShares(scales) : withShare(this.#shares, end, value));
  }
}

/**
 * @param {HTMLInputElement} input
 * @param {string} label
 * @param {{ tasks: boolean, end: number }} options
 */
function makeRow(input, label, { tasks, end }) {
  const [row, name] = [document.createElement('label'), document.createElement('span')];
  name.textContent = tasks && end ? `+ ${label}` : label;
  // With task arithmetic the first end has what the others leave.
  row.hidden = tasks && end === 0;
  row.append(name, input);
  return row;
}
