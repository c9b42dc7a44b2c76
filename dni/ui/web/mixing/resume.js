// @ts-check
// What the page remembers of the desk, and how it comes back to that after a reload.

import { savedState, saveState } from '../lib/saved-state.js';

/** @typedef {import('../lib/protocol.js').MixingScene} MixingScene */
/** @typedef {import('./mixing.js').MixSettings} MixSettings */

/**
 * @typedef {object} SavedMix
 * @property {string} pair
 * @property {string} example empty: the person's own picture
 * @property {MixSettings} settings
 * @property {string} [session] whose own networks the pair may be
 * @property {readonly string[]} [labels] of the networks
 */

/**
 * @typedef {object} SavedMask
 * @property {string} png in base64
 * @property {string} example of the picture that it was painted on
 * @property {string} name of the picture
 */

/**
 * What to set in a scene.
 * @typedef {object} Resumed
 * @property {MixSettings | null} settings
 * @property {string | null} png what was painted
 * @property {string | null} notice what could not come back
 */

const NAME = 'desk';
const MASK_NAME = 'desk mask';
/** How the ids of a person's own networks begin. */
const OWN = 'own.';
/** @type {Resumed} */
const NOTHING = { settings: null, png: null, notice: null };

export class Resume {
  #hasAsked = false;
  /** The mask that was saved last. @type {string | null} */
  #lastPng = null;

  /**
   * @param {object} options
   * @param {(event: string, data: object) => void} options.trigger asks Python for the networks and the example
   * @param {(restores: boolean) => void} options.begin the page has started: bring the own picture back, or not
   * @param {SavedMix | null} [options.saved]
   * @param {SavedMask | null} [options.mask]
   */
  constructor({ trigger, begin, saved = readSaved(savedState(NAME)), mask = readMask(savedState(MASK_NAME)) }) {
    this.trigger = trigger;
    this.begin = begin;
    this.saved = saved;
    this.mask = saved && mask;
  }

  /**
   * @param {MixingScene} scene that has come
   * @returns {Resumed}
   */
  opened(scene) {
    const { saved } = this;
    // An own picture comes after the networks; whatever else comes then was chosen.
    if (!saved) {
      this.begin(false);
      return { ...NOTHING, png: this.#takeMask(scene, { waits: false }) };
    }
    const isSame = fits(saved, scene);
    if (!this.#hasAsked && !(isSame && ['', scene.example].includes(saved.example))) {
      this.#hasAsked = true;
      const { pair, example, session } = saved;
      this.trigger('resume', { pair, example, ...(pair.startsWith(OWN) ? { session } : {}) });
      return NOTHING;
    }
    this.saved = null;
    const waits = isSame && saved.example === '';
    this.begin(waits);
    if (!isSame) {
      this.mask = null;
      return { ...NOTHING, notice: absence(saved) };
    }
    return { settings: saved.settings, png: this.#takeMask(scene, { waits }), notice: null };
  }

  /**
   * The mask that was painted on the scene's picture; else it is forgotten, unless its picture is still to come.
   * @param {MixingScene} scene
   * @param {{ waits: boolean }} options
   */
  #takeMask(scene, { waits }) {
    const { mask } = this;
    const isIts = mask !== null && mask.example === scene.example && mask.name === scene.name;
    if (isIts || !waits) this.mask = null;
    return mask && isIts ? mask.png : null;
  }

  /**
   * @param {MixingScene | null} scene on screen
   * @param {MixSettings | null} settings
   * @param {string | null} [png] what is painted; null: nothing, or the mask does not apply
   */
  save(scene, settings, png = null) {
    if (!scene || !settings || this.saved) return;
    const { pair, example, session, labels, name } = scene;
    saveState(NAME, { pair, example, session, labels, settings });
    if (this.mask || png === this.#lastPng) return;
    saveState(MASK_NAME, png && { png, example, name });
    this.#lastPng = png;
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
 * @param {any} saved
 * @returns {SavedMask | null}
 */
export function readMask(saved) {
  return ['png', 'example', 'name'].every((key) => typeof saved?.[key] === 'string') ? saved : null;
}

/**
 * Whether a scene shows the networks that were saved.
 * @param {SavedMix} saved
 * @param {MixingScene} scene
 */
export function fits(saved, scene) {
  return saved.pair === scene.pair && saved.settings.shares.length === scene.labels.length;
}

/**
 * Why own networks are not there again; null for those of the catalogue, which are a choice away.
 * @param {SavedMix} saved
 */
function absence({ pair, labels }) {
  if (!pair.startsWith(OWN) || !Array.isArray(labels) || !labels.length) return null;
  const names = `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`;
  return `Your own networks ${names} are no longer on this server. Drop their files again to have them back.`;
}
