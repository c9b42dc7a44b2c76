// @ts-check
// What the networks make of the samples is fetched at 21 alphas and interpolated while the slider moves
// ("preview"); when it rests, the blended network itself is asked ("exact"). A reply about anything else than what
// is chosen now is dropped.

import { CoalescedRequest } from './coalesced-request.js';
import { Series } from './samples/numbers.js';
import { areSame, decodeExact, decodePredictions, haveSameNetworks } from './samples/predictions.js';

/** @typedef {import('../lib/clock.js').Clock} Clock */
/** @typedef {import('../lib/protocol.js').Failure} Failure */
/** @typedef {import('./samples/predictions.js').Choice} Choice */
/** @typedef {import('./samples/predictions.js').Exact} Exact */
/** @typedef {import('./samples/predictions.js').Predictions} Predictions */
/** @typedef {import('./protocol.js').Subject} Subject */

/** The slider rests when it has not moved for so long. */
export const SETTLE_MS = 150;

/**
 * The accuracy of the source-only network, the blend at `alpha` and the adapted network, as the picture is faded in.
 * @typedef {Subject & { serial: string, alpha: number, series: Series }} Strengths
 */

/**
 * What the controller tells the page.
 * @typedef {object} Page
 * @property {() => void} onChange Something to draw has changed.
 * @property {(predictions: Predictions) => void} onOpen Other samples or networks are shown.
 * @property {(text: string | null) => void} showMessage
 * @property {() => boolean} wantsStrengths Whether the chart of strengths is in view.
 */

export class DigitController {
  /** @type {Choice} */
  choice;
  /** @type {Predictions | null} */
  predictions = null;
  /** @type {Exact | null} */
  #exact = null;
  /** @type {Strengths | null} */
  #strengths = null;
  #isResting = true;
  #settleTimer = 0;

  /**
   * @param {object} options
   * @param {import('./protocol.js').Start} options.start
   * @param {(name: string, request: any) => Promise<any>} options.ask Asks the server; never rejects.
   * @param {Clock} options.clock
   * @param {Page} options.page
   */
  constructor({ start, ask, clock, page }) {
    const { method, token } = start;
    const title = start.methods.find(({ id }) => id === method)?.title ?? method;
    this.choice = { method, title, token, strength: 1, alpha: 0 };
    this.clock = clock;
    this.page = page;
    /** @type {CoalescedRequest<Subject, import('./protocol.js').PredictionsReply | Failure>} */
    this.predictionsRequest = new CoalescedRequest((asked) => ask('desk', asked), this.#receivePredictions);
    /** @type {CoalescedRequest<import('./protocol.js').ExactRequest, import('./protocol.js').ExactReply | Failure>} */
    this.exactRequest = new CoalescedRequest((asked) => ask('exact', asked), this.#receiveExact);
    /** @type {CoalescedRequest<Subject, import('./protocol.js').CurveReply | Failure>} */
    this.curveRequest = new CoalescedRequest((asked) => ask('curve', asked), this.#receiveCurve);
    /** @type {CoalescedRequest<import('./protocol.js').StrengthsRequest, import('./protocol.js').StrengthsReply | Failure>} */
    this.strengthsRequest = new CoalescedRequest((asked) => ask('strengths', asked), this.#receiveStrengths);
  }

  // ---- what is shown

  get isResting() {
    return this.#isResting;
  }

  /** @returns {Exact | null} The exact answers, while they are those of the chosen alpha. */
  get exact() {
    return this.predictions && this.#exact?.alpha === this.choice.alpha ? this.#exact : null;
  }

  /** @returns {Strengths | null} The last strengths, while they are about the networks and samples chosen and shown. */
  get strengths() {
    const [known, shown] = [this.#strengths, this.predictions];
    if (!known || !shown || known.serial !== shown.serial) return null;
    return haveSameNetworks(known, shown) && haveSameNetworks(known, this.choice) ? known : null;
  }

  /** @returns {Series | null} The accuracies along alpha, likewise. */
  get curve() {
    const { predictions: shown, choice } = this;
    return shown && haveSameNetworks(shown, choice) ? shown.curve : null;
  }

  /** @returns {'exact' | 'preview' | 'loading' | 'failed'} */
  get state() {
    const { predictions: shown, choice } = this;
    if (!shown || !haveSameNetworks(shown, choice)) return this.predictionsRequest.isBusy ? 'loading' : 'failed';
    return this.exact && areSame(shown, choice) ? 'exact' : 'preview';
  }

  // ---- choosing

  /** @param {Partial<Choice>} change Anything but alpha alone. */
  choose(change) {
    Object.assign(this.choice, change);
    this.#move();
    this.open();
  }

  /** @param {number} alpha */
  setAlpha(alpha) {
    this.choice.alpha = Number(alpha.toFixed(4));
    this.#move();
  }

  /** Fetch predictions for what is chosen. */
  open() {
    this.predictionsRequest.ask(this.#subject()).then(this.page.onChange);
    this.page.onChange();
  }

  /** All that is slow waits until nothing moves any more. */
  #move() {
    this.#isResting = false;
    this.clock.cancel(this.#settleTimer);
    this.#settleTimer = this.clock.after(() => this.settle(), SETTLE_MS);
    this.page.onChange();
  }

  /** Ask for the exact answers now. */
  settle() {
    this.#isResting = true;
    this.clock.cancel(this.#settleTimer);
    if (!this.predictions || !areSame(this.predictions, this.choice)) {
      if (!this.predictionsRequest.isBusy) this.open(); // the last try failed
    } else if (this.exact) {
      this.askRest();
    } else {
      this.exactRequest.ask({ ...this.#subject(), alpha: this.choice.alpha });
    }
  }

  /** Ask for what takes longer, one after the other, while nobody waits for something else. */
  askRest() {
    const { predictions: shown } = this;
    if (!this.#isResting || !shown) return;
    const { method, token, strength } = shown;
    if (shown.isCurveStale) this.curveRequest.ask({ method, token, strength });
    if (this.page.wantsStrengths() && this.strengths?.alpha !== this.choice.alpha) {
      this.strengthsRequest.ask({ method, token, alpha: this.choice.alpha });
    }
  }

  /** @returns {Subject} */
  #subject() {
    const { method, token, strength } = this.choice;
    return { method, token, strength };
  }

  // ---- replies

  /**
   * Whether a reply can be used. One about other samples means that those shown are out of date.
   *
   * @template {{ error?: undefined, serial: string }} Good
   * @param {Good | Failure} reply
   * @param {Predictions} shown
   * @returns {reply is Good}
   */
  #isUsable(reply, shown) {
    this.page.showMessage(reply.error ?? null);
    if (reply.error !== undefined) return false;
    if (reply.serial !== shown.serial) this.open();
    return reply.serial === shown.serial;
  }

  /**
   * @param {import('./protocol.js').PredictionsReply | Failure} reply
   * @param {Subject} asked
   */
  #receivePredictions = (reply, asked) => {
    if (!haveSameNetworks(asked, this.choice)) return;
    this.page.showMessage(reply.error ?? null);
    if (reply.error !== undefined) return;
    this.predictions = decodePredictions(reply, asked, this.choice.title, this.predictions);
    this.#exact = null;
    this.page.onOpen(this.predictions);
    if (this.#isResting) this.settle();
    this.page.onChange();
  };

  /**
   * @param {import('./protocol.js').ExactReply | Failure} reply
   * @param {import('./protocol.js').ExactRequest} asked
   */
  #receiveExact = (reply, asked) => {
    const { predictions: shown } = this;
    if (!shown || !areSame(asked, shown) || !this.#isUsable(reply, shown)) return;
    if (asked.alpha !== this.choice.alpha) return;
    this.#exact = decodeExact(reply, asked.alpha);
    this.page.onChange();
    this.askRest();
  };

  /**
   * @param {import('./protocol.js').CurveReply | Failure} reply
   * @param {Subject} asked
   */
  #receiveCurve = (reply, asked) => {
    const { predictions: shown } = this;
    if (!shown || !areSame(asked, shown) || !this.#isUsable(reply, shown)) return;
    shown.curve = new Series(shown.alphas, reply.accuracy.flat());
    shown.isCurveStale = false;
    this.page.onChange();
    this.askRest();
  };

  /**
   * @param {import('./protocol.js').StrengthsReply | Failure} reply
   * @param {import('./protocol.js').StrengthsRequest} asked
   */
  #receiveStrengths = (reply, asked) => {
    const { predictions: shown } = this;
    if (!shown || !haveSameNetworks({ ...asked, strength: 1 }, shown) || !this.#isUsable(reply, shown)) return;
    const { source, blend, adapted } = reply.accuracy;
    const rows = reply.strengths.flatMap((_, n) => [source[n], blend[n], adapted[n]]);
    const series = new Series(reply.strengths, rows);
    this.#strengths = { ...asked, strength: 1, serial: reply.serial, series };
    this.page.onChange();
  };
}
