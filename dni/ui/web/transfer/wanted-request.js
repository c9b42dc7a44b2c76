// @ts-check
// Asks for what is wanted now; an answer to anything that was wanted before is left alone.

import { CoalescedRequest } from '../adaptation/coalesced-request.js';

/**
 * @template {object} Request
 * @template Reply
 */
export class WantedRequest {
  /** @type {Request | null} */
  #wanted = null;

  /**
   * @param {(request: Request) => Promise<Reply>} send Never rejects.
   * @param {(reply: Reply) => void} receive
   */
  constructor(send, receive) {
    this.request = new CoalescedRequest(send, (/** @type {Reply} */ reply, /** @type {Request} */ asked) => {
      if (asked === this.#wanted) receive(reply);
    });
  }

  /** @param {Request | null} request null: nothing, until something is wanted again. */
  want(request) {
    this.#wanted = request;
    if (request) this.request.ask(request);
  }
}
