// @ts-check
// A server whose answers a test gives, in any order; and frames that tell whether they were closed.

/** @typedef {import('../../lib/frames/frame-grid.js').WantedFrame} WantedFrame */
/** @typedef {import('../../lib/frames/keyframe-cache.js').KeyframeCache} KeyframeCache */
/** @typedef {import('../../lib/protocol.js').FrameReply} FrameReply */
/** @typedef {WantedFrame & { cache: KeyframeCache, answer: (reply: FrameReply) => Promise<void> }} Asked */
/** @typedef {ImageBitmap & { name: string, isClosed: boolean }} FakeFrame */

/**
 * @param {string} name
 * @returns {FakeFrame}
 */
export function fakeFrame(name) {
  const frame = { name, width: 8, height: 8, isClosed: false, close() { frame.isClosed = true; } };
  return frame;
}

/** Wait for all that follows from answers that were given. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

export class FakeServer {
  /** Requests without an answer, in order. @type {Asked[]} */
  pending = [];
  /** All requests, in words. @type {string[]} */
  asked = [];
  /** @type {FakeFrame[]} */
  decoded = [];

  /**
   * @param {KeyframeCache} cache
   * @param {WantedFrame} wanted
   * @returns {Promise<FrameReply>}
   */
  fetchFrame = (cache, wanted) => new Promise((resolve) => {
    const asked = {
      ...wanted,
      cache,
      /** @param {FrameReply} reply */
      answer: (reply) => {
        this.pending = this.pending.filter((other) => other !== asked);
        resolve(reply);
        return settled();
      },
    };
    this.pending.push(asked);
    this.asked.push(inWords(wanted));
  });

  /** A frame is called what its JPEG says. @param {string} jpeg */
  decode = async (jpeg) => {
    if (jpeg === 'damaged') throw new Error('not a JPEG');
    this.decoded.push(fakeFrame(jpeg));
    return this.decoded[this.decoded.length - 1];
  };

  /** What is without an answer, in words. */
  get waiting() { return this.pending.map(inWords); }

  /**
   * Answer a request with its frame.
   * @param {string} words by default those of the oldest request
   */
  async send(words = this.waiting[0]) {
    const asked = this.pending.find((other) => inWords(other) === words);
    if (!asked) throw new Error(`Expected a request for ${words}, but there are ${this.waiting.join(', ')}`);
    await asked.answer({ jpeg: words, milliseconds: 5, notice: '' });
  }

  /** Answer until nothing is asked for any more. */
  async sendAll() {
    while (this.pending.length) await this.send();
  }
}

/**
 * As "0.3", "0.25 0.75 0", "ahead 0.5" or "painted key".
 * @param {WantedFrame} wanted
 */
function inWords({ shares, special, ahead }) {
  if (special) return `${special.use} ${special.key}`;
  const numbers = (shares.length === 2 ? shares.slice(1) : shares).map((share) => Number(share.toFixed(4)));
  return `${ahead ? 'ahead ' : ''}${numbers.join(' ')}`;
}
