// @ts-check
// The slider that alpha is dragged with, and the field that it is typed into.

import { clampedAlpha, refusedAlpha, snapped } from './alpha.js';

const STEP = 0.01;
/** @type {Record<string, number>} as in a field of numbers, which this is not: such a one drops a comma */
const STEPS = { ArrowUp: STEP, ArrowDown: -STEP };

/** @typedef {{ alpha: () => number, goTo: (alpha: number) => void, tell: (text: string) => void }} Options */

/**
 * @param {HTMLInputElement} slider
 * @param {{ moved: (alpha: number) => void, rests: () => void }} options
 */
export function followSlider(slider, { moved, rests }) {
  let isPointerOnIt = false;
  slider.addEventListener('pointerdown', () => { isPointerOnIt = true; });
  for (const name of ['pointerup', 'pointercancel']) {
    window.addEventListener(name, () => { isPointerOnIt = false; });
  }
  slider.addEventListener('input', () => {
    // Only a pointer has to be helped to hit a point; keys must be able to leave it.
    if (isPointerOnIt) slider.value = String(snapped(Number(slider.value)));
    moved(Number(slider.value));
  });
  slider.addEventListener('change', rests);
}

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
