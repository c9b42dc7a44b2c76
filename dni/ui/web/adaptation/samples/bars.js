// @ts-check
// Ten probabilities as bars, one for each class.

import { NUM_CLASSES, mostLikely, percent } from './numbers.js';

/**
 * @typedef {object} Bar
 * @property {number} share 0 to 1.
 * @property {string} text Per cent; empty where nothing is known.
 * @property {boolean} isWinner
 */

/**
 * @param {ArrayLike<number> | null} probabilities
 * @param {number} [offset] Where the ten of one digit start.
 * @returns {Bar[]}
 */
export function barsOf(probabilities, offset = 0) {
  const winner = probabilities ? mostLikely(probabilities, offset) : -1;
  return Array.from({ length: NUM_CLASSES }, (_, digit) => {
    const share = probabilities ? probabilities[offset + digit] : 0;
    return { share, text: probabilities ? percent(share) : '', isWinner: digit === winner };
  });
}

export class BarList {
  #items;

  /** @param {HTMLElement} list An empty `ul.bars`. */
  constructor(list) {
    this.#items = Array.from({ length: NUM_CLASSES }, (_, digit) => {
      const item = document.createElement('li');
      const [name, bar, fill, value] = ['span', 'i', 'u', 'em'].map((tag) => document.createElement(tag));
      name.textContent = String(digit);
      bar.append(fill);
      item.append(name, bar, value);
      list.append(item);
      return { item, fill, value };
    });
  }

  /**
   * @param {ArrayLike<number> | null} probabilities
   * @param {number} [offset]
   */
  show(probabilities, offset = 0) {
    barsOf(probabilities, offset).forEach(({ share, text, isWinner }, digit) => {
      const { item, fill, value } = this.#items[digit];
      item.classList.toggle('winner', isWinner);
      fill.style.transform = `scaleX(${share.toFixed(3)})`;
      value.textContent = text;
    });
  }
}
