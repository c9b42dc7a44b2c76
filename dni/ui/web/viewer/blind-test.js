// @ts-check
// "Which looks better?": ten comparisons of two alphas that are not named, and the alpha that follows from them.

import { find, findAll, findAs, showText } from '../lib/dom.js';
import { Preference } from './preference.js';

/** @typedef {import('./preference.js').Answer} Answer */
/** @typedef {import('./preference.js').Estimate} Estimate */
/** @typedef {import('./preference.js').Pair} Pair */

const QUESTIONS = 10;
/** Keyframes: they are shown without waiting. */
const ALPHAS = Array.from({ length: 11 }, (_, step) => step / 10);

/**
 * The result in words.
 * @param {Estimate} estimate
 */
export function resultText(estimate) {
  const { alpha, low, high, unseen, guessed } = estimate;
  if (isFound(estimate)) {
    return `Your alpha is ${alpha.toFixed(2)}, and in four of five cases between ${low.toFixed(2)} and ${high.toFixed(2)}.`;
  }
  return unseen > guessed ? 'You saw no difference: any alpha will do.'
    : 'Your answers contradict each other, as they do by chance: any alpha may be yours.';
}

/**
 * Whether a difference was seen, rather than not.
 * @param {Estimate} estimate
 */
function isFound({ unseen, guessed }) {
  return unseen + guessed < 0.5;
}

export class BlindTest {
  #preference = new Preference();
  #asked = 0;
  #before = 0.5;
  /** @type {Pair} in the order of the two buttons */
  #pair = [0, 1];

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {(alpha: number) => void} options.show a frame, without saying its alpha
   * @param {(alpha: number, text: string) => void} options.done
   * @param {() => number} [options.random] which of two comes first; from 0 to 1
   */
  constructor(root, options) {
    this.root = root;
    this.options = { random: Math.random, ...options };
    this.panel = find(root, '.blind');
    this.number = find(this.panel, '.number');
    for (const button of findAll(this.panel, '[data-look]')) {
      button.addEventListener('click', () => this.#look(Number(button.dataset.look)));
    }
    for (const button of findAll(this.panel, '[data-answer]')) {
      button.addEventListener('click', () => this.#answer(/** @type {Answer} */ (button.dataset.answer)));
    }
    findAs(this.panel, '.stop', HTMLButtonElement).addEventListener('click', () => this.stop());
  }

  /** Whether it runs; the slider is hidden then, which would name the alpha. */
  get isRunning() { return !this.panel.hidden; }

  /** @param {number} alpha to which it goes back if nothing is answered */
  start(alpha) {
    this.#before = alpha;
    this.#preference = new Preference();
    this.#asked = 0;
    this.#setOpen(true);
    this.#ask();
  }

  stop() {
    if (!this.isRunning) return;
    this.#setOpen(false);
    if (this.#asked > 1) this.#finish(this.#preference.estimate);
    else this.options.show(this.#before);
  }

  /** @param {Estimate} estimate */
  #finish(estimate) {
    this.options.done(isFound(estimate) ? rounded(estimate.alpha) : this.#before, resultText(estimate));
  }

  #ask() {
    const [low, high] = this.#preference.next(ALPHAS);
    this.#pair = this.options.random() < 0.5 ? [low, high] : [high, low];
    this.#asked += 1;
    showText(this.number, `${this.#asked} of ${QUESTIONS}`);
    this.#look(0);
  }

  /** @param {number} which */
  #look(which) {
    for (const button of findAll(this.panel, '[data-look]')) {
      button.setAttribute('aria-pressed', String(Number(button.dataset.look) === which));
    }
    this.options.show(this.#pair[which]);
  }

  /** @param {Answer} answer */
  #answer(answer) {
    this.#preference.learn(this.#pair, answer);
    if (this.#asked < QUESTIONS) this.#ask(); else { this.#asked += 1; this.stop(); }
  }

  /** @param {boolean} open */
  #setOpen(open) {
    this.panel.hidden = !open;
    this.root.classList.toggle('is-blind', open);
    const focused = open ? '[data-look="0"]' : '[data-tool="blind"]';
    findAs(this.root, focused, HTMLButtonElement).focus({ preventScroll: true });
  }
}

/** @param {number} alpha */
function rounded(alpha) {
  return Math.round(alpha * 100) / 100;
}
