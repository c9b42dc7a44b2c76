// @ts-check
// Asks for the exact answer once the controls are at rest, and says which of both is on screen.

import { CoalescedRequest } from '../adaptation/coalesced-request.js';
import { showText } from '../lib/dom.js';

const REST_MS = 160;

/**
 * @template Request
 * @template Reply
 */
export class AtRest {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Request | null} */
  #wanted = null;

  /**
   * @param {HTMLElement} badge
   * @param {(request: Request) => Promise<Reply>} send Never rejects.
   * @param {(reply: Reply) => void} receive Called with the answer to the newest request only.
   */
  constructor(badge, send, receive) {
    this.badge = badge;
    this.request = new CoalescedRequest(send, (/** @type {Reply} */ reply, /** @type {Request} */ asked) => {
      if (asked !== this.#wanted) return;
      receive(reply);
    });
  }

  /** @param {Request} request What is to be exact; until it is, a preview is on screen. */
  want(request) {
    this.#wanted = request;
    this.show('preview');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.request.ask(request), REST_MS);
  }

  /** @param {'preview' | 'exact'} state */
  show(state) {
    this.badge.dataset.state = state;
    showText(this.badge, state);
  }
}
