// @ts-check
// Asks for the exact answer once the controls are at rest, and says which of both is on screen.

import { showText } from '../lib/dom.js';
import { WantedRequest } from './wanted-request.js';

const REST_MS = 160;

/**
 * @template {object} Request
 * @template Reply
 */
export class AtRest {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} badge
   * @param {(request: Request) => Promise<Reply>} send Never rejects.
   * @param {(reply: Reply) => void} receive Called with the answer to the newest request only.
   */
  constructor(badge, send, receive) {
    this.badge = badge;
    /** @type {WantedRequest<Request, Reply>} */
    this.request = new WantedRequest(send, receive);
  }

  /** @param {Request | null} request What is to be exact; until it is, a preview is on screen. null: nothing. */
  want(request) {
    this.request.want(null);
    this.show('preview');
    clearTimeout(this.#timer);
    if (request) this.#timer = setTimeout(() => this.request.want(request), REST_MS);
  }

  /** @param {'preview' | 'exact'} state */
  show(state) {
    this.badge.dataset.state = state;
    showText(this.badge, state);
  }
}
