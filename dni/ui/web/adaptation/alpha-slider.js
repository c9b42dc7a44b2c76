// @ts-check
// The slider from the source-only network to the adapted one, its play button, and the line below: state, alpha, time.

import { browserClock } from '../lib/clock.js';
import { find, findAs } from '../lib/dom.js';
import { percent } from './samples/numbers.js';
import { Sweep } from './sweep.js';

/** @typedef {import('./digit-controller.js').DigitController} DigitController */

const MIDDLE = 0.5;
const SNAPS = [0, MIDDLE, 1];
const SNAP_WITHIN = 0.016;
const MAX_STAMPS = 30;
const MIN_STAMPS = 5;
// After a longer pause between two frames the counting begins anew.
const LONGEST_PAUSE_MS = 400;

/**
 * @param {number} alpha
 * @returns {number} An end or the middle where it is near; else the same alpha.
 */
export function snapAlpha(alpha) {
  return SNAPS.find((point) => Math.abs(point - alpha) < SNAP_WITHIN) ?? alpha;
}

/** Counts drawn frames with a new alpha. */
export class UpdateRate {
  /** @type {number[]} */
  #stamps = [];
  /** @type {number | null} */
  #lastAlpha = null;

  /**
   * @param {number} alpha That is drawn.
   * @param {number} now In milliseconds.
   * @returns {boolean} Whether it is another one than the last.
   */
  count(alpha, now) {
    if (alpha === this.#lastAlpha) return false;
    const last = this.#stamps.at(-1);
    if (last !== undefined && now - last > LONGEST_PAUSE_MS) this.#stamps = [];
    this.#stamps = [...this.#stamps.slice(1 - MAX_STAMPS), now];
    this.#lastAlpha = alpha;
    return true;
  }

  /** @returns {number | null} Frames for each second; null until there are enough to tell. */
  get perSecond() {
    const { length } = this.#stamps;
    if (length < MIN_STAMPS) return null;
    return (1000 * (length - 1)) / (this.#stamps[length - 1] - this.#stamps[0]);
  }
}

/**
 * @param {object} options
 * @param {number} options.alpha
 * @param {number | null} options.milliseconds That the exact answer took; null while there is none.
 * @param {number | null} options.rate Frames for each second; null at rest.
 * @returns {string} The text beside the slider.
 */
export function readoutText({ alpha, milliseconds, rate }) {
  const start = `alpha ${alpha.toFixed(2)}`;
  if (milliseconds !== null) return `${start} · exact in ${Math.round(milliseconds)} ms`;
  return rate ? `${start} · ${Math.round(rate)} updates/s` : start;
}

/**
 * @param {number} alpha
 * @param {string} title Of the adapted network.
 * @returns {string} The slider's value for a screen reader.
 */
export function valueText(alpha, title) {
  return `${alpha.toFixed(2)}: ${percent(1 - alpha)} source only, ${percent(alpha)} ${title}`;
}

export class AlphaSlider {
  #rate = new UpdateRate();
  #isPointerDown = false;

  /**
   * @param {HTMLElement} section The component's; its data attributes say what is shown.
   * @param {DigitController} controller
   */
  constructor(section, controller) {
    this.section = section;
    this.controller = controller;
    this.input = findAs(section, 'input.alpha', HTMLInputElement);
    this.badge = find(section, '.badge');
    this.readout = find(section, '.readout');
    this.end = find(section, '.end-b');
    this.play = find(section, '.play');
    this.sweep = new Sweep({
      clock: browserClock,
      alpha: () => controller.choice.alpha,
      onStep: (alpha) => this.set(alpha),
      onChange: (isPlaying) => this.#showPlaying(isPlaying),
      isReduced: () => window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    });
    this.#attach();
  }

  /** @param {number} alpha */
  set(alpha) {
    if (alpha !== this.controller.choice.alpha) this.controller.setAlpha(alpha);
    this.input.value = String(this.controller.choice.alpha);
  }

  /**
   * Tell what is shown now.
   *
   * @param {number} now In milliseconds.
   */
  update(now) {
    const { predictions, exact, state, choice, isResting } = this.controller;
    const { dataset } = this.section;
    if (predictions && this.#rate.count(choice.alpha, now)) dataset.updates = String(Number(dataset.updates ?? 0) + 1);
    dataset.state = state;
    dataset.alpha = String(choice.alpha);
    this.end.textContent = choice.title;
    this.badge.dataset.state = state;
    this.badge.textContent = state === 'loading' ? 'loading…' : state;
    this.readout.textContent = readoutText({
      alpha: choice.alpha,
      milliseconds: state === 'exact' && exact ? exact.milliseconds : null,
      rate: isResting ? null : this.#rate.perSecond,
    });
    this.input.setAttribute('aria-valuetext', valueText(choice.alpha, choice.title));
  }

  #attach() {
    const { input } = this;
    input.addEventListener('pointerdown', () => { this.#isPointerDown = true; });
    for (const name of ['pointerup', 'pointercancel']) {
      window.addEventListener(name, () => { this.#isPointerDown = false; });
    }
    input.addEventListener('input', () => {
      const alpha = Number(input.value);
      this.set(this.#isPointerDown ? snapAlpha(alpha) : alpha);
    });
    input.addEventListener('change', () => this.controller.settle());
    this.play.addEventListener('click', () => (this.sweep.isPlaying ? this.sweep.stop() : this.sweep.start()));
    // Whatever else is touched, or a tab that is left, ends it.
    for (const name of ['pointerdown', 'keydown', 'wheel']) {
      window.addEventListener(name, (event) => {
        if (!(event.target instanceof Node && this.play.contains(event.target))) this.sweep.stop();
      }, { capture: true, passive: true });
    }
    new ResizeObserver(() => {
      if (!this.section.clientWidth) this.sweep.stop();
    }).observe(this.section);
  }

  /** @param {boolean} isPlaying */
  #showPlaying(isPlaying) {
    this.play.classList.toggle('playing', isPlaying);
    this.play.setAttribute('aria-label', isPlaying ? 'Stop' : 'Play: sweep alpha from 0 to 1');
    if (!isPlaying) this.controller.settle();
  }
}
