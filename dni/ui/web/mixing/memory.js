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
 * @property {import('../lib/canvas/stage.js').Stage} stage
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
    this.save();
  }

  /** For after a reload. A mask is kept once the server has it as it is. */
  save() {
    const { scene, settings, tools: { mask, upload } } = this.desk;
    if (!mask.on || upload.id !== null) this.resume.save(scene, settings, mask.on ? upload.png : null);
  }

  /** Other networks are on the desk. */
  forget() {
    this.undo.open();
  }

  /** Set what was on screen before a reload. @param {MixingScene} scene that has come */
  async opened(scene) {
    const { desk } = this;
    const { settings, png, notice } = this.resume.opened(scene);
    if (notice) desk.stage.showMessage(notice, 'networks', true);
    if (settings) desk.restore(settings);
    if (png) await desk.tools.paint.readText(png);
    if (settings || png) this.forget();
  }
}
