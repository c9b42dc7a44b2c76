// @ts-check
// Offers to reduce a picture that is larger than it needs to be, and to go back to its full size.

import { find, findAs, showText } from '../dom.js';

/** @typedef {import('../protocol.js').Reduction} Reduction */

export class SizeOffer {
  #factor = 1;

  /**
   * @param {HTMLElement} root
   * @param {(factor: number) => void} reduce
   */
  constructor(root, reduce) {
    this.element = find(root, '.size-offer');
    this.text = find(this.element, 'span');
    this.button = findAs(this.element, 'button', HTMLButtonElement);
    this.button.addEventListener('click', () => {
      this.button.disabled = true;
      reduce(this.#factor);
    });
  }

  /** @param {Reduction | null | undefined} offer */
  open(offer) {
    this.element.hidden = !offer;
    this.button.disabled = false;
    if (!offer) return;
    this.#factor = offer.factor;
    showText(this.text, offer.text);
    showText(this.button, offer.button);
  }
}
