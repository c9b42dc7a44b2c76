// @ts-check
// What the desk remembers: undo and redo of the mix and of what is painted, in the order in which they were changed; and
// what comes back after a reload.

import { UndoButtons } from '../lib/undo-buttons.js';
import { Resume } from './resume.js';

/** @typedef {import('../lib/protocol.js').MixingScene} MixingScene */
/** @typedef {import('./mask/mask.js').MaskState} MaskState */
/** @typedef {import('./mixing.js').MixSettings} MixSettings */
/** @typedef {MixSettings & { painting: MaskState }} DeskState */

/**
 * What is on screen.
 * @typedef {object} Desk
 * @property {MixingScene | null} scene
 * @property {import('./tools.js').Tools} tools
 * @property {import('../lib/stage.js').Stage} stage
 * @property {MixSettings | null} settings of the mix
 * @property {(settings: MixSettings, painting?: MaskState) => void} restore
 */

export class Memory {
  /**
   * @param {Desk} desk
   * @param {object} options
   * @param {HTMLElement} options.element with the buttons
   * @param {(event: string, data: object) => void} options.trigger asks Python
   */
  constructor(desk, { element, trigger }) {
    const { stage, tools: { mask, paint } } = desk;
    this.desk = desk;
    /** @type {UndoButtons<DeskState>} */
    this.undo = new UndoButtons({
      root: element,
      capture: () => desk.settings && { ...desk.settings, painting: mask.state },
      apply: ({ painting, ...settings }) => desk.restore(settings, painting),
      revise: (state) => ({ ...state, painting: mask.known(state.painting) }),
      finish: () => paint.finish(),
      isShown: () => stage.isShown,
    });
    this.resume = new Resume({ trigger, begin: (restores) => stage.own?.begin(restores) });
  }

  /** Something was done that can be undone. */
  record() {
    this.undo.record();
  }

  /** The mix rests. */
  rest() {
    this.record();
    this.resume.save(this.desk.scene, this.desk.settings);
  }

  /** Other networks are on the desk. */
  forget() {
    this.undo.open();
  }

  /**
   * @param {MixingScene} scene that has come
   * @returns {MixSettings | null} what to set in it, as before a reload
   */
  opened(scene) {
    return this.resume.opened(scene);
  }
}
