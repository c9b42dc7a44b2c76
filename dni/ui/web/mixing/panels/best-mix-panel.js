// @ts-check
// The search for the best mix, in the Layers panel: for which goal, how far it is, and giving it up.

import { findAs, showText } from '../../lib/dom.js';
import { LatestRequest } from './latest-request.js';

/** @typedef {import('../../lib/clock.js').Clock} Clock */
/** @typedef {import('../../lib/protocol.js').BestMixReply} BestMixReply */
/** @typedef {import('../../lib/protocol.js').BestMixRequest} BestMixRequest */
/** @typedef {import('../../lib/protocol.js').BestMixSteps} BestMixSteps */
/** @typedef {import('../../lib/protocol.js').BestMixStepsRequest} BestMixStepsRequest */
/** @typedef {import('../../lib/protocol.js').MixRequest} MixRequest */

const LOOK_MS = 1000;

export class BestMixPanel {
  #latest = new LatestRequest();
  #session = '';

  /**
   * @param {object} options
   * @param {HTMLElement} options.element the panel
   * @param {Clock} options.clock
   * @param {() => MixRequest | null} options.request what is on screen
   * @param {(request: BestMixRequest) => Promise<BestMixReply>} options.find asks the server
   * @param {(request: BestMixStepsRequest) => Promise<BestMixSteps>} options.steps likewise
   * @param {(found: { shares: number[], layers: Record<string, number> }) => void} options.onFound
   */
  constructor({ element, clock, request, find, steps, onFound }) {
    this.clock = clock;
    this.request = request;
    this.askServer = find;
    this.askSteps = steps;
    this.onFound = onFound;
    this.goal = findAs(element, '.goal', HTMLSelectElement);
    this.button = findAs(element, 'button.find', HTMLButtonElement);
    this.cancel = findAs(element, 'button.cancel', HTMLButtonElement);
    this.note = findAs(element, '.best-note', HTMLElement);
    this.button.addEventListener('click', () => this.find());
    this.cancel.addEventListener('click', () => this.stop());
  }

  /** Whether a search is going on. */
  get isBusy() { return this.#session !== ''; }

  /**
   * Other networks: those that keep the size cannot be given the picture itself, reduced.
   * @param {number} scale of the enlargement
   */
  open(scale) {
    this.stop();
    showText(this.note, '');
    const [perceptual] = this.goal.options;
    perceptual.disabled = scale === 1;
    if (perceptual.disabled && this.goal.value === perceptual.value) this.goal.value = 'noise';
    if (!perceptual.disabled && this.goal.value === 'noise') this.goal.value = perceptual.value;
  }

  async find() {
    const request = this.request();
    if (!request || this.isBusy) return;
    const isLatest = this.#latest.begin();
    this.#session = request.session;
    this.#show('Getting ready, or waiting for its turn…');
    this.#look(isLatest);
    const reply = await this.askServer({ ...request, goal: this.goal.value });
    if (!isLatest()) return;
    this.#latest.begin();
    this.#session = '';
    if (reply.dropped) this.#show('');
    else if (reply.error !== undefined) this.#show(reply.error);
    else {
      this.#show(reply.note);
      this.onFound({ shares: reply.shares, layers: reply.layers });
    }
  }

  /** Give the search up; what it finds all the same is not taken. */
  stop() {
    if (!this.isBusy) return;
    this.#latest.begin();
    this.askSteps({ session: this.#session, stop: true });
    this.#session = '';
    this.#show('Cancelled: the mix stays as it was.');
  }

  /** @param {() => boolean} isLatest */
  #look(isLatest) {
    this.clock.after(async () => {
      if (!isLatest()) return;
      const reply = await this.askSteps({ session: this.#session });
      if (!isLatest()) return;
      if (reply.error === undefined && reply.total) this.#show(`Learning: step ${reply.done} of at most ${reply.total}…`);
      this.#look(isLatest);
    }, LOOK_MS);
  }

  /** @param {string} text */
  #show(text) {
    showText(this.note, text);
    this.button.hidden = this.isBusy;
    this.cancel.hidden = !this.isBusy;
    this.goal.disabled = this.isBusy;
  }
}
