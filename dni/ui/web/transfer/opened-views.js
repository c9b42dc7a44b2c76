// @ts-check
// The views that were shown: each is mounted once, is opened until it has its data, and keeps its own messages.

import { NO_ANSWER } from '../lib/protocol.js';

/** @typedef {{ name: string, title: string, markup: string, start: object }} ViewStart */
/** @typedef {'data' | 'answer'} About What a message is about: what the view needs to be there, or its newest answer. */
/** @typedef {(text: string | null, about?: About) => void} ShowMessage An error's text; null: it is over. */

/**
 * @typedef {object} MountedView
 * @property {() => void} draw
 * @property {() => Promise<string | null>} open Asks for what the view needs, or for the rest of it; never rejects, and
 *   gives an error's text or null.
 */

/**
 * @typedef {{
 *   view: MountedView, messages: Map<About, string | null>, state: 'closed' | 'opening' | 'open',
 * }} OpenedView
 */

export const NOT_OPENED = 'The server does not answer. Choose this view again to try once more.';

export class OpenedViews {
  /** @type {Map<string, OpenedView>} */
  #views = new Map();
  /** The name of the view on screen. */
  #shown = '';

  /**
   * @param {object} options
   * @param {(view: ViewStart, panel: HTMLElement, showMessage: ShowMessage) => MountedView} options.mount
   * @param {(text: string | null) => void} options.showMessage Of the view on screen.
   */
  constructor({ mount, showMessage }) {
    this.mount = mount;
    this.showMessage = showMessage;
  }

  /**
   * @param {ViewStart} start
   * @param {HTMLElement} panel
   */
  async show(start, panel) {
    const { name } = start;
    this.#shown = name;
    if (!this.#views.has(name)) this.#mount(start, panel);
    this.#showMessages();
    const opened = this.#views.get(name);
    if (opened?.state !== 'closed') return;
    opened.state = 'opening';
    const error = await opened.view.open();
    opened.state = error === null ? 'open' : 'closed';
    opened.messages.set('data', error === NO_ANSWER ? NOT_OPENED : error);
    this.#showMessages();
  }

  draw() {
    for (const { view } of this.#views.values()) view.draw();
  }

  /**
   * @param {ViewStart} start
   * @param {HTMLElement} panel
   */
  #mount(start, panel) {
    const messages = new Map();
    const view = this.mount(start, panel, (text, about = 'answer') => {
      messages.set(about, text);
      this.#showMessages();
    });
    this.#views.set(start.name, { view, messages, state: 'closed' });
  }

  #showMessages() {
    const messages = this.#views.get(this.#shown)?.messages;
    this.showMessage(messages?.get('data') ?? messages?.get('answer') ?? null);
  }
}
