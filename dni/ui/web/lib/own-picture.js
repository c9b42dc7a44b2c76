// @ts-check
// Keeps a person's own picture in their browser, so that it is there again after the page or the server has started
// anew. It stays in the browser, for the tab that it was chosen in, for a day at most.

import { picturesAmong } from './canvas/dropped-files.js';
import { giveFiles } from './gradio.js';
import { tabName } from './saved-state.js';

/** @typedef {{ key: string, file: File, at: number }} Kept */

const DATABASE = 'dni';
const STORE = 'pictures';
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}

/** @param {IDBTransactionMode} mode */
async function openStore(mode) {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE, { keyPath: 'key' }));
  return (await settled(request)).transaction(STORE, mode).objectStore(STORE);
}

/** @param {IDBObjectStore} store */
async function dropOld(store) {
  /** @type {Kept[]} */
  const all = await settled(store.getAll());
  for (const { key, at } of all) if (Date.now() - at > MAX_AGE_MS) store.delete(key);
}

export class OwnPicture {
  /** The file that is being uploaded. @type {File | null} */
  #pending = null;
  #hasBegun = false;

  /** @param {string} box Gradio's upload box for the picture */
  constructor(box) {
    this.box = box;
    for (const name of ['change', 'drop']) {
      document.addEventListener(name, (event) => this.#note(event), { capture: true });
    }
  }

  get #key() { return `${tabName()} ${this.box}`; }

  /** @param {Event} event of the box */
  #note(event) {
    if (!(event.target instanceof Element) || !event.target.closest(this.box)) return;
    const input = event.target instanceof HTMLInputElement ? event.target.files : null;
    const [file] = picturesAmong(input ?? (event instanceof DragEvent ? event.dataTransfer?.files : null));
    if (file) this.#pending = file;
  }

  /** Another picture is on screen: the one that was uploaded, or an example. @param {boolean} isOwn */
  async follow(isOwn) {
    if (!this.#hasBegun) return;
    const file = isOwn ? this.#pending : null;
    this.#pending = null;
    try {
      const store = await openStore('readwrite');
      if (file) store.put({ key: this.#key, file, at: Date.now() }); else store.delete(this.#key);
    } catch {
      // A browser that keeps nothing, as in a private window: it is not there again, and nothing else is lost.
    }
  }

  /** The page has started: upload what was kept again, unless something else is asked for. @param {boolean} restores */
  async begin(restores) {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (!restores) return;
    try {
      const store = await openStore('readwrite');
      /** @type {Kept | undefined} */
      const kept = await settled(store.get(this.#key));
      dropOld(store);
      if (kept) giveFiles(this.box, [kept.file]);
    } catch {
      // As above.
    }
  }
}
