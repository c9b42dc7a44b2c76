// @ts-check
// The page's address while the viewer is on it: it leads to what is on screen.

import { address } from './alpha.js';

/** @typedef {Pick<import('../lib/protocol.js').ViewerScene, 'token' | 'pair' | 'example' | 'full'>} ShownScene */

export class PageAddress {
  /** Token of the first picture, where the address names one elsewhere; that one, unless it could not be fetched. */
  #first = '';

  /** @param {{ location: Pick<Location, 'href' | 'pathname' | 'search'>, history: Pick<History, 'replaceState'> }} page */
  constructor({ location, history } = window) {
    this.location = location;
    this.history = history;
  }

  /** Whether it says which picture to show. */
  get namesPicture() {
    const query = new URLSearchParams(this.location.search);
    return query.has('example') || query.has('picture');
  }

  /** The page has started. @param {ShownScene} scene */
  open({ token }) {
    this.#first = new URLSearchParams(this.location.search).has('picture') ? token : '';
  }

  /** @param {ShownScene} scene */
  #isFirst({ token, full }) {
    return this.#first !== '' && [token, full].includes(this.#first);
  }

  /** Whether the picture is that elsewhere which the address names. @param {ShownScene} scene */
  isLinked(scene) {
    return this.#isFirst(scene) && !scene.example;
  }

  /**
   * Make the address that of what is on screen. A picture that could not be fetched is tried again after a reload.
   * @param {ShownScene} scene
   * @param {number} alpha
   */
  show(scene, alpha) {
    const { pathname, search } = this.location;
    const next = address(this.location, { ...scene, alpha, isLinked: this.#isFirst(scene) });
    if (next !== pathname + search) this.history.replaceState(null, '', next);
  }

  /**
   * @param {ShownScene} scene
   * @param {number} alpha
   * @returns {string} a link to what is on screen
   */
  linkTo(scene, alpha) {
    return new URL(address(this.location, { ...scene, alpha, isLinked: this.isLinked(scene) }), this.location.href).href;
  }
}
