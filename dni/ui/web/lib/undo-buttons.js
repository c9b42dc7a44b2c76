// @ts-check
// The buttons and keys for undo and redo of a component.

import { findAll, isTyping } from './dom.js';
import { History, historyKey } from './history.js';

const WAYS = /** @type {const} */ (['undo', 'redo']);

/**
 * @template State
 * @typedef {object} UndoOptions
 * @property {HTMLElement} root with the buttons
 * @property {() => State | null} capture what is on screen; null: nothing that can be undone
 * @property {(state: State) => void} apply
 * @property {(state: State) => State} [revise] an older state as far as it can still be brought back
 * @property {() => void} [finish] end what is half done
 * @property {() => boolean} isShown whether the keys are for this component
 */

/** @template State */
export class UndoButtons {
  /** @type {History<State>} */
  #history = new History();

  /** @param {UndoOptions<State>} options */
  constructor(options) {
    this.options = options;
    const { root, isShown } = options;
    this.buttons = {
      undo: findAll(root, 'button[data-tool="undo"]'),
      redo: findAll(root, 'button[data-tool="redo"]'),
    };
    for (const way of WAYS) {
      for (const button of this.buttons[way]) button.addEventListener('click', () => this.#go(way));
    }
    document.addEventListener('keydown', (event) => {
      const way = historyKey(event);
      if (!way || !isShown() || isTyping(event.target) || event.defaultPrevented) return;
      event.preventDefault();
      this.#go(way);
    });
    this.#show();
  }

  /** Start anew: what was before is of something else. */
  open() {
    const state = this.options.capture();
    if (state !== null) this.#history.open(state);
    this.#show();
  }

  record() {
    const { capture, revise } = this.options;
    const state = capture();
    if (revise) this.#history.revise(revise);
    if (state !== null) this.#history.record(state);
    this.#show();
  }

  /** @param {'undo' | 'redo'} way */
  #go(way) {
    this.options.finish?.();
    const state = this.options.capture() === null ? null : this.#history[way]();
    if (state !== null) this.options.apply(state);
    this.#show();
  }

  #show() {
    const can = { undo: this.#history.canUndo, redo: this.#history.canRedo };
    for (const way of WAYS) {
      for (const button of this.buttons[way]) button.toggleAttribute('disabled', !can[way]);
    }
  }
}
