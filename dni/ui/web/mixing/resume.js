// @ts-check
// What the page remembers of the desk, and how it comes back to that after a reload.

import { savedState, saveState } from '../lib/saved-state.js';

/** @typedef {import('../lib/protocol.js').MixingScene} MixingScene */
/** @typedef {import('./mixing.js').MixSettings} MixSettings */

/** @typedef {{ pair: string, example: string, settings: MixSettings }} SavedMix */

const NAME = 'desk';

export class Resume {
  #hasAsked = false;

  /**
   * @param {object} options
   * @param {(event: string, data: object) => void} options.trigger asks Python for the networks and the example
   * @param {(restores: boolean) => void} options.begin the page has started: bring the own picture back, or not
   * @param {SavedMix | null} [options.saved]
   */
  constructor({ trigger, begin, saved = readSaved(savedState(NAME)) }) {
    this.trigger = trigger;
    this.begin = begin;
    this.saved = saved;
  }

  /**
   * @param {MixingScene} scene that has come
   * @returns {MixSettings | null} what to set in it
   */
  opened(scene) {
    const { saved } = this;
    const isSame = saved && fits(saved, scene);
    if (saved && !this.#hasAsked && !(isSame && ['', scene.example].includes(saved.example))) {
      this.#hasAsked = true;
      this.trigger('resume', { pair: saved.pair, example: saved.example });
      return null;
    }
    this.saved = null;
    this.begin(Boolean(isSame) && saved?.example === '');
    return saved && isSame ? saved.settings : null;
  }

  /**
   * @param {MixingScene | null} scene on screen
   * @param {MixSettings | null} settings
   */
  save(scene, settings) {
    if (scene && settings && !this.saved) saveState(NAME, { pair: scene.pair, example: scene.example, settings });
  }
}

/**
 * What was saved, if it can be used: another version of the page may have written it.
 * @param {any} saved
 * @returns {SavedMix | null}
 */
export function readSaved(saved) {
  const shares = saved?.settings?.shares;
  const isWhole = typeof saved?.pair === 'string' && typeof saved.example === 'string'
    && Array.isArray(shares) && shares.every(Number.isFinite)
    && typeof saved.settings.layers === 'object' && saved.settings.layers !== null;
  return isWhole ? saved : null;
}

/**
 * Whether a scene shows the networks that were saved.
 * @param {SavedMix} saved
 * @param {MixingScene} scene
 */
export function fits(saved, scene) {
  return saved.pair === scene.pair && saved.settings.shares.length === scene.labels.length;
}
