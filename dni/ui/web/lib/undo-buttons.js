// @ts-check
// The buttons and keys for undo and redo of a component.

import { findAs, isTyping } from './dom.js';
import { History, historyKey } from './history.js';

/**
 * @template State
 * @typedef {object} UndoOptions
 * @property {HTMLElement} root with the two buttons
 * @property {() => State | null} capture what is on screen; null: nothing that can be undone
 * @property {(state: State) => void} apply
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
      undo: findAs(root, '[data-tool="undo"]', HTMLButtonElement),
      redo: findAs(root, '[data-tool="redo"]', HTMLButtonElement),
    };
    for (const way of /** @type {const} */ (['undo', 'redo'])) {
      this.buttons[way].addEventListener('click', () => this.#go(way));
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
    const state = this.options.capture();
    if (state !== null) this.#history.record(state);
    this.#show();
  }

  /** @param {'undo' | 'redo'} way */
  #go(way) {
    const state = this.options.capture() === null ? null : this.#history[way]();
    if (state !== null) this.options.apply(state);
    this.#show();
  }

  #show() {
    this.buttons.undo.disabled = !this.#history.canUndo;
    this.buttons.redo.disabled = !this.#history.canRedo;
  }
}
