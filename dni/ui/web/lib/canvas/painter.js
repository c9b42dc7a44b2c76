// @ts-check
// Draws the frames of a region onto the canvas: cross-fade, comparison with bicubic, outline of the live part.

import { crossFade } from '../frames/cross-fade.js';
import { contains } from './view.js';

/** @typedef {import('../frames/cross-fade.js').CrossFade} CrossFade */
/** @typedef {import('../frames/cross-fade.js').FrameState} FrameState */
/** @typedef {import('../frames/keyframe-cache.js').KeyframeCache} KeyframeCache */
/** @typedef {import('./surroundings.js').Surroundings} Surroundings */
/** @typedef {import('./view.js').Box} Box */
/** @typedef {import('./view.js').View} View */

/**
 * @typedef {object} Drawing
 * @property {KeyframeCache | null} cache
 * @property {readonly number[]} shares
 * @property {number} [wipe] the share of the picture that shows what the blend is compared with
 * @property {{ frame: ImageBitmap | null, name: string, around?: Surroundings | null }} [other] that, and what is rendered
 *   of it beside the frames; by default plain enlargement
 * @property {boolean} [original] nothing but plain enlargement
 */

export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {View} view
   */
  constructor(canvas, view) {
    const context = canvas.getContext('2d');
    if (!context) throw new Error('Expected a canvas with a 2d context');
    this.canvas = canvas;
    this.view = view;
    /** @type {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} */
    this.context = context;
    /** @type {import('./underlay.js').Underlay | null} the whole of a large picture, below the frames */
    this.underlay = null;
    /** @type {Surroundings | null} what is rendered beside the frames */
    this.surroundings = null;
    /** Whether only a part of what is seen is what was asked for: that inside the outline. */
    this.isPart = false;
  }

  /**
   * @param {Drawing} drawing
   * @returns {FrameState} what is shown
   */
  draw(drawing) {
    const { canvas, context, view } = this;
    const { cache, wipe = 0, original = false, other = { frame: cache?.before ?? null, name: 'bicubic' } } = drawing;
    context.globalAlpha = 1;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!view.picture || !canvas.width) return 'waiting';
    context.imageSmoothingEnabled = view.zoom * view.ratio < 3;
    context.imageSmoothingQuality = 'high';
    this.below(original ? null : this.surroundings);
    this.isPart = false;
    if (!cache) return 'waiting';
    const place = view.place(cache.region);
    if (cache.before) this.image(cache.before, place);
    const state = original ? 'waiting' : this.blend(cache, drawing, place);
    if (wipe > 0 && other.frame && !original) {
      this.wipe(place, { fraction: wipe, frame: other.frame, name: other.name, around: other.around ?? null });
    }
    if (contains(cache.region, view.visible())) return state;
    const around = [this.surroundings, ...(wipe > 0 && other.around ? [other.around] : [])];
    this.isPart = original || !around.every((pieces) => pieces?.covers(cache.region));
    if (this.isPart) this.outline(place);
    return state;
  }

  /** What is seen beside the frames: the plain picture, and what is rendered. @param {Surroundings | null} around */
  below(around) {
    const { view } = this;
    const { overview = null, detail = null } = this.underlay ?? {};
    if (overview) this.image(overview, view.place(view.everything));
    if (detail) this.image(detail.bitmap, view.place(detail.region));
    for (const { bitmap, region } of around?.pieces ?? []) this.image(bitmap, view.place(region));
  }

  /**
   * Draw what stands for the mix. The Mixing tab's painter has its own.
   * @param {KeyframeCache} cache
   * @param {Drawing} drawing
   * @param {Box} place
   * @returns {FrameState}
   */
  blend(cache, { shares }, place) {
    return this.mean(crossFade(cache, shares), place);
  }

  /**
   * Draw the weighted mean of frames.
   * @param {CrossFade} fade
   * @param {Box} place
   * @returns {FrameState}
   */
  mean({ parts, state }, place) {
    let sum = 0;
    for (const [frame, weight] of parts) {
      sum += weight;
      this.context.globalAlpha = weight / sum;
      this.image(frame, place);
    }
    this.context.globalAlpha = 1;
    return state;
  }

  /**
   * @param {CanvasImageSource} picture
   * @param {Box} place
   */
  image(picture, { x, y, width, height }) {
    this.context.drawImage(picture, x, y, width, height);
  }

  /**
   * Left of the divider what the blend is compared with, right of it the blend.
   * @param {Box} place of the frame
   * @param {{ fraction: number, frame: ImageBitmap, name: string, around: Surroundings | null }} other
   */
  wipe(place, { fraction, frame, name, around }) {
    const { canvas, context, view } = this;
    const x = Math.round(view.dividerAt(fraction) * view.ratio);
    context.save();
    context.beginPath();
    context.rect(0, 0, x, canvas.height);
    context.clip();
    this.below(around);
    this.image(frame, place);
    context.restore();
    this.divider(x);
    const bottom = canvas.height - 8 * view.ratio;
    this.label(name, { right: x - 8 * view.ratio, bottom });
    this.label('blend', { left: x + 8 * view.ratio, bottom });
  }

  /** @param {number} x */
  divider(x) {
    const { canvas, context, view: { ratio } } = this;
    context.fillStyle = '#fff';
    context.fillRect(x - ratio, 0, 2 * ratio, canvas.height);
    context.strokeStyle = 'rgba(0, 0, 0, 0.45)';
    context.lineWidth = ratio;
    context.strokeRect(x - 1.5 * ratio, -2, 3 * ratio, canvas.height + 4);
    context.beginPath();
    context.arc(x, canvas.height / 2, 9 * ratio, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }

  /**
   * @param {string} text
   * @param {{ bottom: number } & ({ left: number, right?: undefined } | { right: number, left?: undefined })} corner
   */
  label(text, { left, right, bottom }) {
    const { context, view: { ratio } } = this;
    context.font = labelFont(ratio);
    const width = context.measureText(text).width + 10 * ratio;
    const height = 20 * ratio;
    const top = bottom - height;
    const start = left ?? right - width;
    context.fillStyle = 'rgba(20, 20, 24, 0.72)';
    context.fillRect(start, top, width, height);
    context.fillStyle = '#fff';
    context.textBaseline = 'middle';
    context.fillText(text, start + 5 * ratio, top + height / 2);
  }

  /** @param {Box} place */
  outline({ x, y, width, height }) {
    const { context, view: { ratio } } = this;
    context.strokeStyle = '#fff';
    context.lineWidth = 3 * ratio;
    context.strokeRect(x, y, width, height);
    context.strokeStyle = '#333';
    context.lineWidth = ratio;
    context.setLineDash([6 * ratio, 4 * ratio]);
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
    context.font = labelFont(ratio);
    // Of a part that is too small to hold it, below, and inside the canvas.
    const space = context.measureText('live part').width + 20 * ratio;
    const bottom = y + height + (width < space ? 24 : -4) * ratio;
    this.label('live part', { right: Math.max(x + width - 4 * ratio, space), bottom: Math.min(bottom, this.canvas.height) });
  }
}

/** @param {number} ratio device pixels for a CSS pixel */
function labelFont(ratio) {
  return `${12 * ratio}px system-ui, sans-serif`;
}
