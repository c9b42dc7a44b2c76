// @ts-check
// One request of a kind at a time; while it is under way only the newest of the next ones is kept.

/**
 * @template Request
 * @template Reply
 */
export class CoalescedRequest {
  /** @type {Request | null} */
  #next = null;
  #send;
  #receive;
  #isBusy = false;

  /**
   * @param {(request: Request) => Promise<Reply>} send Never rejects.
   * @param {(reply: Reply, request: Request) => void} receive
   */
  constructor(send, receive) {
    this.#send = send;
    this.#receive = receive;
  }

  get isBusy() {
    return this.#isBusy;
  }

  /**
   * @param {Request} request
   * @returns {Promise<void>} Resolves when nothing is under way any more; at once if something already was.
   */
  async ask(request) {
    this.#next = request;
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#next) {
      const asked = this.#next;
      this.#next = null;
      this.#receive(await this.#send(asked), asked);
    }
    this.#isBusy = false;
  }
}
