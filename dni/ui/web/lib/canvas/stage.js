// @ts-check
// The canvas with what is around it, in the viewer and on the mixing desk alike: view, painter, badge, message, and
// pictures that are dropped or pasted.

import { decodeJpeg, find, findAs, isTyping, onHold, showText } from '../dom.js';
import { networksAmong, picturesAmong, refusal } from './dropped-files.js';
import { attachGestures } from './gestures.js';
import { giveFiles, giveFilesInside, nameThumbnails } from '../gradio.js';
import { Minimap } from './minimap.js';
import { keepOwnPicture } from '../own-picture.js';
import { followPageDrops } from '../page-drops.js';
import { Painter } from './painter.js';
import { ask } from '../protocol.js';
import { SizeOffer } from './size-offer.js';
import { Surroundings } from './surroundings.js';
import { Underlay } from './underlay.js';
import { View } from './view.js';

/** @typedef {import('../frames/cross-fade.js').FrameState} FrameState */
/** @typedef {import('../frames/keyframe-cache.js').KeyframeCache} KeyframeCache */
/** @typedef {import('../protocol.js').FrameReply} FrameReply */
/** @typedef {import('../protocol.js').Region} Region */
/** @typedef {import('../protocol.js').Scene} Scene */
/** @typedef {import('../protocol.js').Server} Server */
/** @typedef {{ panel: string, box: string }} BoxInPanel */
/** @typedef {{ networks?: BoxInPanel, batch?: BoxInPanel }} Others */

/** The badge's words. */
const STATES = {
  exact: 'exact',
  preview: 'preview',
  waiting: 'rendering…',
  failed: 'not rendered',
  original: 'original',
  part: 'part exact',
};

/** The side of the part of a frame that is looked at for refining keyframes. */
const SAMPLE_SIDE = 192;

export class Stage {
  /**
   * @param {HTMLElement} root
   * @param {Server} server
   * @param {object} options
   * @param {() => void} options.draw called at most once in an animation frame
   * @param {(factor: number) => void} options.reduce show the picture at another size
   */
  constructor(root, server, { draw, reduce }) {
    this.root = root;
    this.server = server;
    this.draw = draw;
    this.canvas = findAs(root, '.stage canvas', HTMLCanvasElement);
    this.view = new View();
    this.underlay = new Underlay({
      view: this.view,
      fetch: (request) => this.fetchPicture('overview', request),
      changed: () => this.redraw(),
    });
    this.minimap = new Minimap(find(root, '.minimap'), this.view);
    this.painter = new Painter(this.canvas, this.view);
    this.reduce = reduce;
    this.sizeOffer = new SizeOffer(root, (factor) => this.own?.resize(factor));
    this.badge = find(root, '.badge');
    this.message = find(root, '.message');
    this.zoomText = find(root, '.zoom');
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {KeyframeCache | null} the frames of what is open */
    this.cache = null;
    this.gallery = '';
    /** @type {import('../own-picture.js').OwnPicture | null} the person's, kept in the browser */
    this.own = null;
    this.isOriginal = false;
    this.isDrawQueued = false;
    onHold(find(root, '[data-tool="original"]'), 'o', (on) => this.setOriginal(on));
  }

  // ---- the picture

  /**
   * Put a scene's picture on the canvas. The view stays where it is unless the picture is new or has another size.
   * @param {Scene} scene
   * @returns {boolean} whether the picture is new
   */
  open(scene) {
    const former = this.scene;
    const isNew = scene.token !== former?.token;
    // Not before: the page may not have it yet.
    if (!former && this.gallery) nameThumbnails(this.gallery);
    const isOtherSize = scene.scale !== former?.scale;
    this.scene = scene;
    this.painter.underlay = this.underlay;
    this.sizeOffer.open(scene.reduction);
    this.measure();
    if (isNew || isOtherSize) this.view.open(scene); else this.view.picture = scene;
    this.underlay.open(scene);
    if (isNew) this.own?.follow(scene, former);
    const what = scene.scale === 1 ? 'redrawn' : `enlarged ${scene.scale} times`;
    this.canvas.setAttribute('aria-label', `${scene.name}, ${what} by the blended network`);
    return isNew;
  }

  /**
   * What renders what is seen beside the live part too, while nothing moves.
   * @param {object} options
   * @param {(region: Region) => Promise<FrameReply>} options.piece of the picture as it is shown
   * @param {() => boolean} options.rests whether the server has nothing else to do for this page
   */
  surround({ piece, rests }) {
    return new Surroundings({
      view: this.view,
      ask: piece,
      rests: () => this.isExact && rests(),
      decode: decodeJpeg,
      changed: () => this.redraw(),
    });
  }

  /** Fit the canvas to its place on the page. */
  measure() {
    const { canvas, view } = this;
    view.resize(canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1);
    canvas.width = view.deviceWidth;
    canvas.height = view.deviceHeight;
  }

  /**
   * Follow the size of the canvas; while its tab is hidden it has none.
   * @param {() => void} resized
   */
  followSize(resized) {
    new ResizeObserver(() => {
      if (!this.canvas.clientWidth) return;
      this.measure();
      resized();
      this.redraw();
    }).observe(this.canvas);
  }

  /**
   * What lies below the frames: the region enlarged plainly.
   * @param {KeyframeCache} cache
   */
  async fetchBefore(cache) {
    this.cache = cache;
    this.canvas.dataset.before = '';
    const { scene: { token, pair, session }, region } = cache;
    const bitmap = await this.fetchPicture('before', { token, pair, region, session });
    if (cache.closed || !bitmap) {
      bitmap?.close();
      return;
    }
    cache.before = bitmap;
    this.canvas.dataset.before = 'there';
    this.redraw();
  }

  /**
   * @param {string} name of the server's function
   * @param {object} request
   * @returns {Promise<ImageBitmap | null>}
   */
  async fetchPicture(name, request) {
    /** @type {import('../protocol.js').PictureReply} */
    const reply = await ask(this.server, name, request);
    return reply.error === undefined ? decodeJpeg(reply.jpeg).catch(() => null) : null;
  }

  // ---- drawing

  redraw() {
    if (this.isDrawQueued) return;
    this.isDrawQueued = true;
    requestAnimationFrame(() => {
      this.isDrawQueued = false;
      this.draw();
      this.minimap.draw(this.underlay.overview ?? this.small);
    });
  }

  /** All of a picture that is live as a whole, for the minimap. */
  get small() {
    return this.view.picture && this.view.whole ? this.cache?.before ?? null : null;
  }

  /** @param {boolean} on */
  setOriginal(on) {
    if (this.isOriginal === on) return;
    this.isOriginal = on;
    this.redraw();
  }

  /** @param {FrameState | 'failed'} state of what is drawn */
  showState(state) {
    const shown = this.isOriginal ? 'original' : state === 'failed' ? 'waiting' : state;
    this.badge.dataset.state = this.canvas.dataset.state = shown;
    const name = this.isOriginal ? 'original' : state === 'exact' && this.painter.isPart ? 'part' : state;
    showText(this.badge, this.scene ? STATES[name] : 'loading…');
    showText(this.zoomText, this.scene ? `${Math.round(this.view.zoom * this.view.ratio * 100)} %` : '');
  }

  /**
   * Show a message until what it is about is over.
   * @param {string | null} text null: it is over
   * @param {string} about
   * @param {boolean} [isNotice] whether nothing went wrong
   */
  showMessage(text, about, isNotice = false) {
    const { message } = this;
    if (!text && message.dataset.about !== about) return;
    showText(message, text ?? '');
    message.hidden = !text;
    message.dataset.about = about;
    message.dataset.kind = isNotice ? 'notice' : 'error';
  }

  /**
   * Let mouse, touch, keys, minimap and the bar's buttons move the view.
   * @param {() => void} moved called after each change of the view
   * @param {{ wipe?: () => number, setWipe?: (fraction: number) => void }} [divider] of the comparison
   */
  followView(moved, divider = {}) {
    const { canvas, minimap, root, view } = this;
    minimap.follow(moved);
    const tools = attachGestures({ view, canvas, moved, ...divider });
    for (const [name, tool] of Object.entries(tools)) {
      find(root, `[data-tool="${name}"]`).addEventListener('click', () => {
        if (!this.scene) return;
        tool();
        moved();
      });
    }
  }

  /** Whether what is shown is no preview. */
  get isExact() { return this.canvas.dataset.state === 'exact'; }

  /** Whether its tab is shown: else the canvas has no width. */
  get isShown() { return this.canvas.clientWidth > 0; }

  // ---- files

  /**
   * Take files that are dropped on the page while the tab is shown, and a picture that is pasted on the page.
   * @param {string} box Gradio's upload box for a picture
   * @param {string} gallery Gradio's gallery of examples
   * @param {Others} [others] its boxes for networks and for several pictures, where those are taken too
   */
  followFiles(box, gallery, others = {}) {
    const stage = find(this.root, '.stage');
    this.gallery = gallery;
    this.own = keepOwnPicture(box, this.reduce);
    stage.addEventListener('dragover', (event) => event.preventDefault());
    stage.addEventListener('drop', (event) => {
      event.preventDefault();
      this.take([...(event.dataTransfer?.files ?? [])], { box, ...others });
    });
    // Gradio's box takes one picture by itself, and says nothing of other files.
    document.addEventListener('drop', (event) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      const several = Boolean(others.batch) && picturesAmong(files).length > 1;
      if (!(event.target instanceof Element) || !event.target.closest(box)) return;
      if (picturesAmong(files).length && !several) return;
      event.preventDefault();
      event.stopPropagation();
      if (several) this.take(files, { box, ...others });
      else this.showMessage(refusal(files), 'files');
    }, { capture: true });
    followPageDrops((files) => { if (this.isShown) this.take(files, { box, ...others }); });
    document.addEventListener('paste', (event) => {
      if (!this.isShown || isTyping(event.target) || event.defaultPrevented) return;
      if (giveFiles(box, picturesAmong(event.clipboardData?.files).slice(0, 1))) event.preventDefault();
    });
  }

  /**
   * @param {File[]} files that were dropped
   * @param {{ box: string } & Others} boxes
   */
  take(files, { box, networks: networksBox, batch }) {
    const [pictures, networks] = [picturesAmong(files), networksBox ? networksAmong(files) : []];
    const takesNetworks = Boolean(networksBox);
    this.showMessage(pictures.length || networks.length ? null : refusal(files, { takesNetworks }), 'files');
    if (pictures.length > 1 && batch) giveFilesInside(batch, pictures);
    else if (pictures.length) giveFiles(box, pictures.slice(0, 1));
    else if (networksBox && networks.length) giveFilesInside(networksBox, networks);
  }
}

/**
 * The bytes of the middle of a frame.
 * @param {ImageBitmap} frame
 * @returns {Uint8ClampedArray} RGBA
 */
export function samplePixels(frame) {
  const side = Math.min(SAMPLE_SIDE, frame.width, frame.height);
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('Expected a canvas with a 2d context');
  context.drawImage(frame, -Math.floor((frame.width - side) / 2), -Math.floor((frame.height - side) / 2));
  return context.getImageData(0, 0, side, side).data;
}
