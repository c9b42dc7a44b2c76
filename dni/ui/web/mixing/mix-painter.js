// @ts-check
// Draws a mix or a painted one, with the mask and the brush over it.

import { crossFade } from '../lib/frames/cross-fade.js';
import { Painter } from '../lib/canvas/painter.js';
import { oneEnd } from '../lib/frames/shares.js';
import { MaskVeil } from './mask/mask-image.js';
import { PaintedPreview } from './mask/painted-preview.js';

/** @typedef {import('../lib/frames/cross-fade.js').FrameState} FrameState */
/** @typedef {import('../lib/frames/keyframe-cache.js').KeyframeCache} KeyframeCache */
/** @typedef {import('../lib/canvas/painter.js').Drawing} Drawing */
/** @typedef {import('../lib/protocol.js').Region} Region */
/** @typedef {import('../lib/canvas/view.js').Box} Box */
/** @typedef {import('./mask/mask.js').Mask} Mask */

/**
 * A mix that applies where the mask is painted.
 * @typedef {object} PaintedMix
 * @property {string} key of the mix, the mask and what is outside: that of the special frame `painted`
 * @property {string | null} outsideKey of the special frame `outside`; null where outside is the first end
 */

/** @typedef {Drawing & { mask: Mask, painted: PaintedMix | null, showMask: boolean }} MixDrawing */

const MASK_OPACITY = 0.55;

export class MixPainter extends Painter {
  #preview = new PaintedPreview();
  #veil = new MaskVeil();

  /**
   * @override
   * @param {MixDrawing} drawing
   * @returns {FrameState}
   */
  draw(drawing) {
    return super.draw(drawing);
  }

  /**
   * @override
   * @param {KeyframeCache} cache
   * @param {MixDrawing} drawing
   * @param {Box} place
   * @returns {FrameState}
   */
  blend(cache, drawing, place) {
    const state = drawing.painted
      ? this.#drawPainted(cache, drawing, drawing.painted, place)
      : super.blend(cache, drawing, place);
    if (drawing.showMask) this.#tint(drawing.mask, place, cache.region);
    return state;
  }

  /**
   * The exact picture, or the preview between the line's frames, or frames under the mask's veil.
   * @param {KeyframeCache} cache
   * @param {MixDrawing} drawing
   * @param {PaintedMix} painted
   * @param {Box} place
   * @returns {FrameState}
   */
  #drawPainted(cache, drawing, painted, place) {
    const exact = cache.getSpecial('painted', painted.key);
    if (exact) {
      this.image(exact, place);
      return 'exact';
    }
    const preview = painted.outsideKey === null ? this.#compose(cache, drawing) : null;
    if (preview) {
      this.image(preview, place);
      return 'preview';
    }
    return this.#drawVeiled(cache, drawing, painted, place);
  }

  /**
   * @param {KeyframeCache} cache
   * @param {MixDrawing} drawing
   */
  #compose(cache, { shares, mask }) {
    if (cache.space.kind !== 'line') return null;
    const line = cache.space.nodes.map((node) => cache.get(node));
    return this.#preview.compose({ line, region: cache.region, mask, alpha: shares[1] });
  }

  /**
   * The mix over what is outside, as opaque as the mask: for spaces without a line's frames.
   * @param {KeyframeCache} cache
   * @param {MixDrawing} drawing
   * @param {PaintedMix} painted
   * @param {Box} place
   * @returns {FrameState}
   */
  #drawVeiled(cache, { shares, mask }, { outsideKey }, place) {
    const outside = outsideKey === null ? cache.get(oneEnd(shares.length, 0)) : cache.getSpecial('outside', outsideKey);
    const fade = crossFade(cache, shares);
    if (!outside) {
      this.mean(fade, place);
      return 'waiting';
    }
    const { canvas } = this;
    const layer = new OffscreenCanvas(canvas.width, canvas.height);
    this.#drawOn(layer, () => {
      this.mean(fade, place);
      this.context.globalCompositeOperation = 'destination-in';
      this.#stretch(this.#veil.of(mask), place, cache.region);
    });
    this.image(outside, place);
    this.context.drawImage(layer, 0, 0);
    return fade.state === 'waiting' ? 'waiting' : 'preview';
  }

  /**
   * @param {OffscreenCanvas} layer
   * @param {() => void} draw
   */
  #drawOn(layer, draw) {
    const { context } = this;
    const own = layer.getContext('2d');
    if (!own) return;
    this.context = own;
    draw();
    this.context = context;
  }

  /**
   * The part over a region of something that covers the whole picture.
   * @param {OffscreenCanvas} cover
   * @param {Box} place
   * @param {Region} region
   */
  #stretch(cover, place, region) {
    const { width, height } = this.view.shown;
    const [across, down] = [cover.width / width, cover.height / height];
    this.context.drawImage(
      cover, region.left * across, region.top * down, region.width * across, region.height * down,
      place.x, place.y, place.width, place.height,
    );
  }

  /**
   * @param {Mask} mask
   * @param {Box} place
   * @param {Region} region
   */
  #tint(mask, place, region) {
    this.context.save();
    this.context.globalAlpha = MASK_OPACITY;
    this.#stretch(this.#veil.of(mask), place, region);
    this.context.restore();
  }

  /** @param {{ x: number, y: number, radius: number }} brush in CSS pixels of the canvas */
  outlineBrush({ x, y, radius }) {
    const { context, view: { ratio } } = this;
    for (const [colour, width] of /** @type {const} */ ([['rgba(0, 0, 0, 0.6)', 3], ['#fff', 1.5]])) {
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.beginPath();
      context.arc(x * ratio, y * ratio, radius * ratio, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
