// @ts-check
// Keeps a person's own picture in their browser, so that it is there again after the page or the server has started
// anew. It stays in the browser, for the tab that it was chosen in, for a day at most.

import { picturesAmong } from './canvas/dropped-files.js';
import { giveFiles } from './gradio.js';
import { PictureStore } from './picture-store.js';
import { savedState, saveState, tabName } from './saved-state.js';

/** @typedef {Pick<import('./protocol.js').Scene, 'token' | 'example' | 'full'>} ShownPicture */

/**
 * Keep the picture that is chosen in one of Gradio's upload boxes.
 * @param {string} box
 * @param {(factor: number) => void} reduce show the picture at another size
 */
export function keepOwnPicture(box, reduce) {
  const own = new OwnPicture({
    store: new PictureStore(`${tabName()} ${box}`),
    upload: (file) => giveFiles(box, [file]),
    reduce,
    size: { load: () => savedState(`size ${box}`) ?? 1, save: (factor) => saveState(`size ${box}`, factor) },
  });
  for (const name of ['change', 'drop', 'click']) {
    document.addEventListener(name, (event) => {
      if (event.target instanceof Element && event.target.closest(box)) own.choose(fileOf(event));
    }, { capture: true });
  }
  return own;
}

/**
 * @param {Event} event of the box
 * @returns {File | null} null for a click, as on the button of the camera
 */
function fileOf(event) {
  if (event.type === 'click') return null;
  const input = event.target instanceof HTMLInputElement ? event.target.files : null;
  return picturesAmong(input ?? (event instanceof DragEvent ? event.dataTransfer?.files : null))[0] ?? null;
}

export class OwnPicture {
  /** The file that is being uploaded, or was refused. @type {File | null} */
  #pending = null;
  #hasBegun = false;
  /** What was kept, until it or something else is on screen. @type {File | null} */
  #restored = null;

  /**
   * @param {object} options
   * @param {Pick<PictureStore, 'put' | 'delete' | 'get'>} options.store
   * @param {(file: File) => void} options.upload
   * @param {(factor: number) => void} options.reduce show the picture at another size
   * @param {{ load: () => number, save: (factor: number) => void }} options.size by how much it is reduced
   */
  constructor({ store, upload, reduce, size }) {
    this.store = store;
    this.upload = upload;
    this.reduce = reduce;
    this.size = size;
  }

  /** The picture is to be shown reduced, or in full size again. @param {number} factor */
  resize(factor) {
    this.size.save(factor);
    this.reduce(factor);
  }

  /** Something is begun in the box. @param {File | null} file null: what comes of it is no file */
  choose(file) {
    this.#pending = file;
  }

  /**
   * Another picture is on screen: the one that was uploaded, one of the camera or the clipboard or an example, which are
   * not kept, or another size of the former one.
   * @param {ShownPicture} shown
   * @param {ShownPicture | null} former
   */
  async follow({ token, example, full }, former) {
    if (!this.#hasBegun || full || token === former?.full) return;
    const file = this.#pending;
    if (!example) this.#pending = null;
    this.#showAsBefore(file);
    try {
      if (file && !example) await this.store.put(file); else await this.store.delete();
    } catch {
      // A browser that keeps nothing, as in a private window: it is not there again, and nothing else is lost.
    }
  }

  /** Reduce the picture that was kept as it was; another one has its full size. @param {File | null} file */
  #showAsBefore(file) {
    const kept = this.#restored;
    this.#restored = null;
    const factor = kept && file && kept.name === file.name && kept.size === file.size ? this.size.load() : 1;
    if (factor > 1) this.reduce(factor); else this.size.save(1);
  }

  /** The page has started: upload what was kept again, unless something else is asked for. @param {boolean} restores */
  async begin(restores) {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (!restores) return;
    try {
      const kept = await this.store.get();
      this.#restored = kept;
      if (kept) this.upload(kept);
    } catch {
      // As above.
    }
  }
}
