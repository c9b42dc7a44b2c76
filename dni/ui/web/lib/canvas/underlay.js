// @ts-check
// What lies below the frames of a large picture, of which only a part is live: all of it, made small, and where that is
// too coarse for the zoom the part that is seen.

import { contains } from './view.js';

/** @typedef {import('../protocol.js').OverviewRequest} OverviewRequest */
/** @typedef {import('../protocol.js').Region} Region */
/** @typedef {import('../protocol.js').Scene} Scene */
/** @typedef {import('./view.js').View} View */
/** @typedef {{ bitmap: ImageBitmap, region: Region }} Detail a part of the picture given */

/** A picture that is enlarged by less than this looks sharp. */
const SHARP_ENOUGH = 1.2;

export class Underlay {
  /** @type {ImageBitmap | null} */
  overview = null;
  /** @type {Detail | null} */
  detail = null;
  /** @type {Scene | null} */
  #scene = null;
  #hasBegun = false;
  /** @type {Region | null} on its way */
  #asked = null;

  /**
   * @param {object} options
   * @param {View} options.view
   * @param {(request: OverviewRequest) => Promise<ImageBitmap | null>} options.fetch
   * @param {() => void} options.changed there is something else to draw
   */
  constructor(options) {
    this.options = options;
  }

  /** @param {Scene} scene of this or another picture; other networks may have less of it live */
  async open(scene) {
    if (scene.token !== this.#scene?.token) this.#forget();
    this.#scene = scene;
    if (this.options.view.whole || this.#hasBegun) return;
    this.#hasBegun = true;
    const bitmap = await this.#fetch(scene, {});
    if (!bitmap) return;
    this.overview = bitmap;
    this.options.changed();
    this.refine();
  }

  #forget() {
    this.overview?.close();
    this.detail?.bitmap.close();
    this.overview = this.detail = this.#asked = null;
    this.#hasBegun = false;
  }

  /** The view has not moved for a moment: fetch what is seen, unless what is there is sharp. */
  async refine() {
    const [scene, region] = [this.#scene, this.coarse()];
    if (!scene || !region) return;
    this.#asked = region;
    const bitmap = await this.#fetch(scene, { region });
    if (this.#asked === region) this.#asked = null;
    if (!bitmap) return;
    this.detail?.bitmap.close();
    this.detail = { bitmap, region };
    this.options.changed();
  }

  /**
   * The region that is seen and too coarse.
   * @returns {Region | null}
   */
  coarse() {
    const { overview, detail, options: { view } } = this;
    if (!overview || !view.picture) return null;
    const region = view.visible();
    // A pixel of the picture given is all that there is.
    const wanted = Math.min(1, view.zoom * view.ratio * view.shown.scale) / SHARP_ENOUGH;
    if (overview.width / view.shown.width >= wanted) return null;
    const isThere = detail && contains(detail.region, region) && detail.bitmap.width / detail.region.width >= wanted;
    const isComing = this.#asked && contains(this.#asked, region) && this.#asked.width <= region.width;
    return isThere || isComing ? null : region;
  }

  /**
   * @param {Scene} scene
   * @param {{ region?: Region }} part
   */
  async #fetch(scene, part) {
    const bitmap = await this.options.fetch({ token: scene.token, session: scene.session, ...part });
    if (scene.token === this.#scene?.token) return bitmap;
    bitmap?.close();
    return null;
  }
}
