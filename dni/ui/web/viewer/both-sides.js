// @ts-check
// What is seen beside the live part, on both sides of the wipe: of the blend, and of the alpha it is compared with.

/** @typedef {import('../lib/protocol.js').FrameReply} FrameReply */
/** @typedef {import('../lib/protocol.js').Region} Region */
/** @typedef {import('../lib/protocol.js').ViewerScene} ViewerScene */
/** @typedef {import('../lib/canvas/stage.js').Stage} Stage */
/** @typedef {{ alpha: number, compared: number | null }} Alphas `compared` is null for the plain picture */

export class BothSides {
  /** @type {Alphas} */
  #alphas = { alpha: 0, compared: null };

  /**
   * @param {Stage} stage
   * @param {object} options
   * @param {(region: Region, alpha: number) => Promise<FrameReply>} options.piece
   * @param {() => boolean} options.rests whether the server has nothing else to do for this page
   */
  constructor(stage, { piece, rests }) {
    this.blend = stage.painter.surroundings = stage.surround({
      piece: (region) => piece(region, this.#alphas.alpha), rests,
    });
    this.other = stage.surround({ piece: (region) => piece(region, this.#alphas.compared ?? 0), rests });
  }

  /**
   * What is shown now.
   * @param {ViewerScene | null} scene
   * @param {Alphas} alphas
   */
  of(scene, alphas) {
    this.#alphas = alphas;
    const key = (/** @type {number | null} */ alpha) => (scene ? [scene.token, scene.pair, alpha].join(' ') : '');
    this.blend.of(key(alphas.alpha));
    this.other.of(key(alphas.compared));
  }

  /** What is rendered of the compared side; null where that is the plain picture. */
  get compared() { return this.#alphas.compared === null ? null : this.other; }

  /**
   * The blend's first; the other one's where it is seen.
   * @param {Region | undefined} live
   * @param {boolean} isCompared
   */
  fetch(live, isCompared) {
    if (!live) return;
    this.blend.fetch(live);
    if (isCompared && this.blend.covers(live)) this.compared?.fetch(live);
  }
}
