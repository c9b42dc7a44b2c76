// @ts-check
// The field for an alpha that is typed.

import { clampedAlpha, refusedAlpha } from './alpha.js';

const STEP = 0.01;
/** @type {Record<string, number>} as in a field of numbers, which this is not: such a one drops a comma */
const STEPS = { ArrowUp: STEP, ArrowDown: -STEP };

/** @typedef {{ alpha: () => number, goTo: (alpha: number) => void, tell: (text: string) => void }} Options */

export class ExactAlpha {
  /**
   * @param {HTMLInputElement} field
   * @param {Options} options
   */
  constructor(field, { alpha, goTo, tell }) {
    this.field = field;
    field.addEventListener('change', () => {
      const typed = clampedAlpha(field.value);
      if (typed === null) tell(refusedAlpha(field.value)); else goTo(typed);
      field.value = alpha().toFixed(2);
    });
    field.addEventListener('keydown', (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      goTo(clampedAlpha((alpha() + step).toFixed(2)) ?? alpha());
      field.value = alpha().toFixed(2);
    });
  }

  /** @param {number} alpha shown unless one is being typed */
  show(alpha) {
    if (this.field !== document.activeElement) this.field.value = alpha.toFixed(2);
  }
}
