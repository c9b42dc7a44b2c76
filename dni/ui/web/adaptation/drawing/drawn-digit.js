// @ts-check
// The digit that a person draws: asks what the networks make of it, and drops answers about what is gone.

import { CoalescedRequest } from '../coalesced-request.js';
import { Series, decodeProbabilities, encodeBytes } from '../samples/numbers.js';
import { haveSameNetworks } from '../samples/predictions.js';

/** @typedef {import('../../lib/protocol.js').Failure} Failure */
/** @typedef {import('../protocol.js').DrawReply} DrawReply */
/** @typedef {import('../protocol.js').DrawRequest} DrawRequest */

/** @typedef {{ ink: Uint8Array, colour: string }} Drawing ink (28, 28), 0 to 255; colour as "#rrggbb" */

/** @typedef {{ probabilities: Series, pixels: string }} Reading `pixels` as the networks see them, in base64 */

export class DrawnDigit {
  /** @type {Drawing | null} */
  #drawing = null;
  /** @type {Reading | null} */
  reading = null;
  #hasFailed = false;

  /**
   * @param {object} options
   * @param {import('../digit-controller.js').DigitController} options.controller
   * @param {(name: string, request: any) => Promise<any>} options.ask Asks the server; never rejects.
   * @param {(reading: Reading | null) => void} options.onRead
   * @param {(text: string | null) => void} options.showMessage
   */
  constructor({ controller, ask, onRead, showMessage }) {
    this.controller = controller;
    this.onRead = onRead;
    this.showMessage = showMessage;
    /** @type {CoalescedRequest<DrawRequest, DrawReply | Failure>} */
    this.request = new CoalescedRequest((asked) => ask('draw', asked), this.#receive);
  }

  /** @param {Drawing | null} drawing */
  draw(drawing) {
    this.#drawing = drawing;
    this.read();
  }

  /** Ask again what it is taken for, by the networks and over the picture that are chosen now. */
  read() {
    const { predictions, choice } = this.controller;
    if (!predictions || !this.#drawing) {
      this.#show(null);
      return;
    }
    const { method, token, strength } = choice;
    const ink = encodeBytes(this.#drawing.ink);
    this.request.ask({ method, token, strength, ink, colour: levelsOf(this.#drawing.colour) });
  }

  /**
   * @param {DrawReply | Failure} reply
   * @param {DrawRequest} asked
   */
  #receive = (reply, asked) => {
    const { predictions, choice } = this.controller;
    if (!predictions || !haveSameNetworks(asked, choice)) return;
    // Its own error only: another's may be on screen.
    if (reply.error !== undefined || this.#hasFailed) this.showMessage(reply.error ?? null);
    this.#hasFailed = reply.error !== undefined;
    if (reply.error !== undefined) return;
    if (!this.#drawing) return;
    const probabilities = new Series(predictions.alphas, decodeProbabilities(reply.probs));
    this.#show({ probabilities, pixels: reply.pixels });
  };

  /** @param {Reading | null} reading */
  #show(reading) {
    this.reading = reading;
    this.onRead(reading);
  }
}

/**
 * @param {string} colour "#rrggbb"
 * @returns {number[]} The levels of red, green and blue, 0 to 255.
 */
export function levelsOf(colour) {
  return [1, 3, 5].map((from) => Number.parseInt(colour.slice(from, from + 2), 16));
}
