// @ts-check
// What the blend is compared with: what was given, an end, or an alpha that was kept; and the alphas that are kept.

import { find, findAs, showText } from '../lib/dom.js';
import { savedState, saveState } from '../lib/saved-state.js';
import { choices, Kept } from './kept.js';
import { ends } from './alpha.js';

/** @typedef {import('../lib/frames/frame-grid.js').SpecialFrame} SpecialFrame */
/** @typedef {import('../lib/frames/keyframe-cache.js').KeyframeCache} KeyframeCache */
/** @typedef {import('../lib/protocol.js').ViewerScene} ViewerScene */

const USE = 'compared';

export class Comparison {
  /**
   * @param {HTMLElement} root
   * @param {{ goTo: (alpha: number) => void, changed: () => void, tell: (text: string) => void }} options
   */
  constructor(root, options) {
    this.options = options;
    this.select = findAs(root, 'select.against', HTMLSelectElement);
    this.row = find(root, '.kept');
    this.kept = new Kept();
    /** @type {ViewerScene | null} */
    this.scene = null;
    this.select.addEventListener('change', () => options.changed());
  }

  /** The alpha that is compared with; null for what was given. */
  get alpha() {
    return this.select.value && this.select.value !== 'before' ? Number(this.select.value) : null;
  }

  /** @param {ViewerScene} scene */
  open(scene) {
    if (scene.pair !== this.scene?.pair) this.kept = new Kept(savedState(`kept ${scene.pair}`));
    this.scene = scene;
    this.show();
  }

  /** @param {number} alpha */
  keep(alpha) {
    const replaced = this.kept.add(alpha);
    if (this.scene) saveState(`kept ${this.scene.pair}`, this.kept.all);
    // What is compared with a letter stays with it.
    this.show(replaced && this.alpha === replaced.alpha ? String(alpha) : this.select.value);
    if (!replaced) return;
    const { letter, alpha: former } = replaced;
    this.options.tell(`${letter} was ${former.toFixed(2)} and is ${alpha.toFixed(2)} now: three alphas are kept at most.`);
  }

  /** @param {string} value what is compared with, where there is such a choice */
  show(value = this.select.value) {
    const { kept, scene, select } = this;
    if (!scene) return;
    const options = choices(scene, kept.all);
    select.replaceChildren(...options.map(([option, text]) => new Option(text, option)));
    select.value = options.some(([option]) => option === value) ? value : 'before';
    this.row.replaceChildren(...kept.all.map(({ alpha, letter }) => this.button(alpha, letter)));
  }

  /**
   * @param {number} alpha
   * @param {string} letter
   */
  button(alpha, letter) {
    const button = document.createElement('button');
    button.type = 'button';
    showText(button, `${letter} ${alpha.toFixed(2)}`);
    button.title = `Back to alpha ${alpha.toFixed(2)}`;
    button.addEventListener('click', () => this.options.goTo(alpha));
    return button;
  }

  /** The frame to fetch for it, unless it is a keyframe. */
  wanted() {
    const { alpha } = this;
    /** @type {SpecialFrame[]} */
    const special = [];
    if (alpha !== null && alpha > 0 && alpha < 1) special.push({ use: USE, key: String(alpha), aside: true });
    return special;
  }

  /**
   * What to draw beside the blend, and what to call it.
   * @param {KeyframeCache | null} cache
   */
  other(cache) {
    const { alpha, select } = this;
    const frame = alpha === null ? cache?.before
      : cache?.getSpecial(USE, String(alpha)) ?? cache?.get(ends(alpha));
    return { frame: frame ?? null, name: select.selectedOptions[0]?.text ?? '' };
  }
}
