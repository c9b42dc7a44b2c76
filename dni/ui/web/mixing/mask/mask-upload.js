// @ts-check
// The painted mask as the server has it. One version is on its way at a time; only the newest one counts.

/** @typedef {import('../../lib/protocol.js').MaskReply} MaskReply */
/** @typedef {import('./mask.js').Mask} Mask */

/**
 * @typedef {object} MaskUploadOptions
 * @property {Mask} mask
 * @property {() => Promise<MaskReply & { png: string }>} send the mask as it is now, as a PNG in base64
 * @property {(error: string | null) => void} onReply the server has a version, or why it has not
 */

export class MaskUpload {
  /** What the server has, as a PNG in base64. @type {string | null} */
  png = null;
  #version = -1;
  /** @type {string | null} */
  #id = null;
  /** @type {Promise<boolean> | null} */
  #sending = null;

  /** @param {MaskUploadOptions} options */
  constructor(options) {
    this.options = options;
  }

  /** What the server calls the mask as it is now; null where it has an older one. */
  get id() {
    return this.#version === this.options.mask.version ? this.#id : null;
  }

  /**
   * Send the mask until the server has it as it is.
   * @param {() => boolean} isWanted asked before each version; a stroke can go on
   * @returns {Promise<boolean>} whether the server has it
   */
  async bring(isWanted = () => true) {
    while (this.id === null && isWanted()) {
      this.#sending ??= this.#send();
      if (!await this.#sending) break;
    }
    return this.id !== null;
  }

  /** @returns {Promise<boolean>} whether a version has arrived */
  async #send() {
    const { mask, send, onReply } = this.options;
    const { version } = mask;
    const reply = await send();
    this.#sending = null;
    if (reply.error === undefined) [this.#version, this.#id, this.png] = [version, reply.mask, reply.png];
    onReply(reply.error ?? null);
    return reply.error === undefined;
  }
}
