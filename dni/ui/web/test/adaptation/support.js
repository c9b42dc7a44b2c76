// @ts-check
// A server for the digits whose answers a test gives, in any order; and replies as the real one makes them.

import { encodeBytes } from '../../adaptation/samples/numbers.js';
import { settled } from '../support/fake-server.js';

/** @typedef {{ name: string, request: any, answer: (reply: any) => Promise<void> }} Asked */

export const ALPHAS = [0, 0.5, 1];
export const START = {
  method: 'dann', token: 'coffee',
  methods: [{ id: 'dann', title: 'DANN', group: '', about: '', paper: '' }],
  pictures: /** @type {[string, string][]} */ ([['coffee', 'Coffee']]),
};

export class FakeDigitServer {
  /** Requests without an answer, in order. @type {Asked[]} */
  pending = [];

  /**
   * @param {string} name
   * @param {any} request
   * @returns {Promise<any>}
   */
  ask = (name, request) => new Promise((resolve) => {
    /** @type {Asked} */
    const asked = {
      name,
      request,
      answer: (reply) => {
        this.pending = this.pending.filter((other) => other !== asked);
        resolve(reply);
        return settled();
      },
    };
    this.pending.push(asked);
  });

  /** The names of what is without an answer. */
  get names() { return this.pending.map(({ name }) => name); }

  /**
   * The oldest request of a name that is without an answer.
   * @param {string} name
   */
  asked(name) {
    const found = this.pending.find((asked) => asked.name === name);
    if (!found) throw new Error(`Expected a request '${name}', but there are: ${this.names.join(', ')}`);
    return found;
  }

  /**
   * Answer the oldest request of a name.
   * @param {string} name
   * @param {any} [changes] of the usual reply
   */
  async send(name, changes = {}) {
    const asked = this.asked(name);
    await asked.answer({ ...REPLIES[name](asked.request), ...changes });
  }

  /**
   * @param {string} name
   * @param {string} error
   */
  async fail(name, error) { await this.asked(name).answer({ error }); }
}

/** @type {Record<string, (request: any) => any>} */
const REPLIES = {
  desk: ({ method }) => ({
    serial: 'one', method, titles: ['MNIST', 'MNIST-M', 'Inverted', 'Yours'], notes: ['', '', '', ''],
    source: { title: "MNIST's test digits", isMnist: true }, counts: [310, 310], measured: null, labels: Array(40).fill(3), pixels: '',
    alphas: ALPHAS, probs: base64(ALPHAS.flatMap((_, n) => Array(1600).fill(100 * n))),
    map: { positions: base64(Array(ALPHAS.length * 8).fill(0)), labels: [[1], [1]] },
  }),
  exact: () => ({
    serial: 'one', probs: base64(Array(1600).fill(51)), map: base64(Array(8).fill(0)), accuracy: [1, 0.5, 0.25, 0.75],
    milliseconds: 12.4,
  }),
  curve: () => ({ serial: 'one', accuracy: ALPHAS.map((alpha) => [alpha, alpha, alpha, alpha]) }),
  strengths: () => ({
    serial: 'one', strengths: [0, 1], accuracy: { source: [0.9, 0.1], blend: [0.8, 0.4], adapted: [0.7, 0.6] },
  }),
  draw: () => ({ pixels: 'seen', probs: base64(ALPHAS.flatMap((_, n) => Array(10).fill(n))) }),
};

/** @param {number[]} bytes */
export function base64(bytes) {
  return encodeBytes(Uint8Array.from(bytes));
}
