// @ts-check
// The search for a better mix: how far it is, giving it up, and whether what it finds still fits what is on screen.

import { LatestRequest } from './panels/latest-request.js';

/** @typedef {import('../lib/clock.js').Clock} Clock */
/** @typedef {import('../lib/protocol.js').BestMixReply} BestMixReply */
/** @typedef {import('../lib/protocol.js').BestMixRequest} BestMixRequest */
/** @typedef {import('../lib/protocol.js').BestMixSteps} BestMixSteps */
/** @typedef {import('../lib/protocol.js').BestMixStepsRequest} BestMixStepsRequest */
/** @typedef {import('../lib/protocol.js').MixRequest} MixRequest */
/** @typedef {import('./mixing.js').MixSettings} MixSettings */

const LOOK_MS = 1000;

/**
 * @typedef {object} BestMixOptions
 * @property {Clock} clock
 * @property {() => MixRequest | null} request what is on screen
 * @property {() => MixSettings | null} settings of what is on screen
 * @property {(request: BestMixRequest) => Promise<BestMixReply>} find asks the server
 * @property {(request: BestMixStepsRequest) => Promise<BestMixSteps>} steps likewise
 * @property {(settings: MixSettings) => void} onFound those on screen, with a better mix
 */

export class BestMixSearch {
  #latest = new LatestRequest();
  #session = '';

  /** @param {BestMixOptions & { show: (text: string) => void }} options show: says how the search stands */
  constructor(options) {
    this.options = options;
  }

  /** Whether a search is going on. */
  get isBusy() { return this.#session !== ''; }

  /** @param {string} goal */
  async find(goal) {
    const { request, settings, find, show } = this.options;
    const asked = request();
    const start = settings();
    if (!asked || !start || this.isBusy) return;
    const isLatest = this.#latest.begin();
    this.#session = asked.session;
    show('Getting ready, or waiting for its turn…');
    this.#look(isLatest);
    const reply = await find({ ...asked, goal });
    if (!isLatest()) return;
    this.#latest.begin();
    this.#session = '';
    if (reply.dropped) show('');
    else if (reply.error !== undefined) show(reply.error);
    else this.#take(reply, start);
  }

  /** Give the search up; what it finds all the same is not taken. */
  stop() {
    if (!this.isBusy) return;
    this.#latest.begin();
    this.options.steps({ session: this.#session, stop: true });
    this.#session = '';
    this.options.show('Cancelled: the mix stays as it was.');
  }

  /**
   * @param {Extract<BestMixReply, { shares: number[] }>} found
   * @param {MixSettings} start what it was looked for with
   */
  #take({ shares, layers, note }, start) {
    const { settings, show, onFound } = this.options;
    const now = settings();
    if (!now || wayOf(now) !== wayOf(start)) {
      show('A better mix was found, but for another way of mixing than the one chosen meanwhile: nothing was changed.');
      return;
    }
    show(note);
    onFound({ ...now, shares, layers });
  }

  /** @param {() => boolean} isLatest */
  #look(isLatest) {
    const { clock, steps, show } = this.options;
    clock.after(async () => {
      if (!isLatest()) return;
      const reply = await steps({ session: this.#session });
      if (!isLatest()) return;
      if (reply.error === undefined && reply.total) show(`Learning: step ${reply.done} of at most ${reply.total}…`);
      this.#look(isLatest);
    }, LOOK_MS);
  }
}

/**
 * How the networks are mixed, whatever the shares are.
 * @param {MixSettings} settings
 */
function wayOf({ tasks, beyond, isAround, repair = false, method = null }) {
  return JSON.stringify([tasks, beyond, isAround, repair, method]);
}
