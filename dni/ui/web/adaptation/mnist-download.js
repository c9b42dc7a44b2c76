// @ts-check
// Where MNIST isn't on the server's machine it is downloaded there; this follows how far that is.

import { CoalescedRequest } from './coalesced-request.js';
import { find, findAs } from '../lib/dom.js';
import { percent } from './samples/numbers.js';

/** @typedef {import('../lib/clock.js').Clock} Clock */
/** @typedef {import('../lib/protocol.js').Failure} Failure */
/** @typedef {import('./protocol.js').FetchReply} FetchReply */
/** @typedef {import('./protocol.js').FetchRequest} FetchRequest */

export const POLL_MS = 500;

export class MnistDownload {
  #isFollowing = false;
  /** Serial of the samples that were shown when the server was asked last. */
  #followed = '';

  /**
   * @param {object} options
   * @param {(name: string, request: any) => Promise<any>} options.ask Asks the server; never rejects.
   * @param {Clock} options.clock
   * @param {(reply: FetchReply) => void} options.onProgress
   * @param {(text: string) => void} options.showMessage
   */
  constructor({ ask, clock, onProgress, showMessage }) {
    this.clock = clock;
    this.onProgress = onProgress;
    this.showMessage = showMessage;
    /** @type {CoalescedRequest<FetchRequest, FetchReply | Failure>} */
    this.request = new CoalescedRequest((asked) => ask('fetch', asked), this.#receive);
  }

  /**
   * Follow the download, once for each set of samples.
   *
   * @param {string} serial Of the samples shown.
   */
  follow(serial) {
    if (this.#isFollowing || this.#followed === serial) return;
    this.#followed = serial;
    this.#isFollowing = true;
    this.request.ask({});
  }

  /** Try again after a failure. */
  retry() {
    this.#isFollowing = true;
    this.request.ask({ again: true });
  }

  /** @param {FetchReply | Failure} reply */
  #receive = (reply) => {
    this.#isFollowing = reply.error === undefined && reply.state === 'fetching';
    if (reply.error !== undefined) {
      this.showMessage(reply.error);
      return;
    }
    if (this.#isFollowing) this.clock.after(() => this.request.ask({}), POLL_MS);
    this.onProgress(reply);
  };
}

/**
 * @param {HTMLElement} box The element `.fetching`.
 * @param {FetchReply} reply
 */
export function showDownload(box, { state, share, text }) {
  const isBusy = state === 'fetching';
  box.hidden = state === 'there';
  box.dataset.state = state;
  const progress = findAs(box, 'progress', HTMLProgressElement);
  progress.hidden = !isBusy;
  progress.value = share;
  const button = find(box, '.fetch');
  button.hidden = isBusy;
  button.textContent = state === 'offline' ? 'Fetch MNIST' : 'Fetch MNIST again';
  find(box, '.fetching-text').textContent = isBusy ? `Fetching MNIST: ${percent(share)}` : text;
}
