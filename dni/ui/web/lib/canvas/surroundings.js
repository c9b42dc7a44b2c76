// @ts-check
// What is seen beside the live part of a picture: rendered piece by piece while the mix rests, the nearest piece first.

import { contains, sameRegion } from './view.js';

/** @typedef {import('../protocol.js').FrameReply} FrameReply */
/** @typedef {import('../protocol.js').Region} Region */
/** @typedef {import('./view.js').View} View */
/** @typedef {{ bitmap: ImageBitmap, region: Region }} Piece */

// Of a picture that would take more, only the live part is rendered; nor is more kept of what was seen before. A piece
// takes about as long as a live frame, so all of them take some ten seconds.
const MOST_PIECES = 96;
// All pieces together, after enlarging: four bytes each in the browser's memory.
const MOST_PIXELS = 24e6;

export class Surroundings {
  /** @type {Piece[]} */
  pieces = [];
  #key = '';
  #isAsking = false;
  /** Whether a piece was refused; the next one would be, too. */
  #hasFailed = false;

  /**
   * @param {object} options
   * @param {View} options.view
   * @param {(region: Region) => Promise<FrameReply>} options.ask for a piece at the mix that is shown
   * @param {() => boolean} options.rests whether the server has nothing else to do for this page
   * @param {(jpeg: string) => Promise<ImageBitmap>} options.decode
   * @param {() => void} options.changed there is something else to draw
   */
  constructor(options) {
    this.options = options;
  }

  /** What is shown now; nothing stays of anything else. @param {string} key of picture, networks and mix */
  of(key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#hasFailed = false;
    for (const { bitmap } of this.pieces) bitmap.close();
    this.pieces = [];
  }

  /** Fetch what is seen and not there, one piece after the other. @param {Region} live */
  async fetch(live) {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      while (this.#rests(live) && await this.#fetchOne(live)) this.options.changed();
    } finally {
      this.#isAsking = false;
    }
  }

  /** Whether neither the mix nor the view moves. @param {Region} live */
  #rests(live) {
    const { rests, view } = this.options;
    return !this.#hasFailed && rests() && sameRegion(view.region(live), live);
  }

  /**
   * @param {Region} live
   * @returns {Promise<boolean>} whether there is one more
   */
  async #fetchOne(live) {
    const [key, [region]] = [this.#key, this.missing(live)];
    if (!region) return false;
    const reply = await this.options.ask(region);
    const bitmap = 'jpeg' in reply ? await this.options.decode(reply.jpeg).catch(() => null) : null;
    if (key !== this.#key) {
      bitmap?.close();
    } else if (bitmap) {
      this.pieces.push({ bitmap, region });
      while (this.#isTooMuch(this.pieces.map((piece) => piece.region))) this.pieces.shift()?.bitmap.close();
      return true;
    } else if (!('dropped' in reply && reply.dropped)) {
      this.#hasFailed = true;
    }
    return false;
  }

  /** Whether all that is seen is there. @param {Region} live */
  covers(live) {
    return this.pieces.length > 0 && !this.missing(live).length;
  }

  /** @param {readonly Region[]} pieces */
  #isTooMuch(pieces) {
    const { scale } = this.options.view.shown;
    const pixels = pieces.reduce((sum, { width, height }) => sum + width * height, 0) * scale ** 2;
    return pieces.length > MOST_PIECES || pixels > MOST_PIXELS;
  }

  /**
   * Pieces that are seen and not there, the nearest to the live part first.
   * @param {Region} live
   * @returns {Region[]}
   */
  missing(live) {
    const all = this.#seen();
    if (this.#isTooMuch(all)) return [];
    /** @param {Region} piece */
    const away = (piece) => Math.hypot(middle(piece).x - middle(live).x, middle(piece).y - middle(live).y);
    return all
      .filter((piece) => !contains(live, piece) && !this.pieces.some(({ region }) => sameRegion(region, piece)))
      .sort((one, other) => away(one) - away(other));
  }

  /**
   * The picture's pieces that are seen, each as large as the live part.
   * @returns {Region[]}
   */
  #seen() {
    const { view } = this.options;
    if (!view.picture || view.whole) return [];
    const { width, height, live_pixels: pixels } = view.shown;
    const side = Math.max(1, Math.floor(Math.sqrt(pixels)));
    const { left, top, width: across, height: down } = view.visible();
    const pieces = [];
    for (let y = top - top % side; y < top + down; y += side) {
      for (let x = left - left % side; x < left + across; x += side) {
        pieces.push({ left: x, top: y, width: Math.min(side, width - x), height: Math.min(side, height - y) });
      }
    }
    return pieces;
  }
}

/** @param {Region} region */
function middle({ left, top, width, height }) {
  return { x: left + width / 2, y: top + height / 2 };
}
