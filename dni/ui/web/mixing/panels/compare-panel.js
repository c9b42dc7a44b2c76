// @ts-check
// The panel Against pixels: the blended network's picture of a region, the blended pictures, and their difference.

import { findAs } from '../../lib/dom.js';
import { LatestRequest } from './latest-request.js';

/** @typedef {import('../../lib/protocol.js').MixRequest} MixRequest */
/** @typedef {import('../../lib/protocol.js').CompareReply} CompareReply */

/** @type {readonly ('network' | 'pixels' | 'difference')[]} */
const PARTS = ['network', 'pixels', 'difference'];

export class ComparePanel {
  #latest = new LatestRequest();

  /**
   * @param {object} options
   * @param {HTMLElement} options.element the panel
   * @param {(request: MixRequest) => Promise<CompareReply>} options.compare asks the server
   */
  constructor({ element, compare }) {
    this.element = element;
    this.compare = compare;
    this.note = findAs(element, '.note', HTMLElement);
  }

  /**
   * Show the three pictures of a region at a mix; what was asked for before is out of date.
   * @param {MixRequest} request
   */
  async show(request) {
    const isLatest = this.#latest.begin();
    this.element.dataset.state = 'waiting';
    const reply = await this.compare(request);
    if (!isLatest() || reply.dropped) return;
    this.element.dataset.state = reply.error === undefined ? 'there' : 'failed';
    this.note.textContent = reply.error ?? reply.note;
    if (reply.error !== undefined) return;
    for (const part of PARTS) {
      findAs(this.element, `img[data-part="${part}"]`, HTMLImageElement).src = `data:image/jpeg;base64,${reply[part]}`;
    }
  }
}
