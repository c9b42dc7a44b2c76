// @ts-check
// The tools below the picture: layers, paint, the comparison with pixels and the curve; and what they ask for.

import { browserClock } from '../lib/clock.js';
import { find } from '../lib/dom.js';
import { ask } from '../lib/protocol.js';
import { isInterpolation } from '../lib/frames/shares.js';
import { writeMaskText } from './mask/mask-image.js';
import { MaskUpload } from './mask/mask-upload.js';
import { Mask } from './mask/mask.js';
import { PaintPanel } from './mask/paint-panel.js';
import { BestMixPanel } from './panels/best-mix-panel.js';
import { ComparePanel } from './panels/compare-panel.js';
import { LayersPanel } from './panels/layers-panel.js';
import { PanelTabs } from './panels/panel-tabs.js';
import { TradeoffPanel } from './panels/tradeoff-panel.js';
import { paintingKey, requestFor } from './requests.js';

/** @typedef {import('../lib/frames/frame-grid.js').FrameGrid} FrameGrid */
/** @typedef {import('../lib/protocol.js').MixRequest} MixRequest */
/** @typedef {import('../lib/protocol.js').Server} Server */
/** @typedef {import('../lib/canvas/stage.js').Stage} Stage */
/** @typedef {import('./mixing.js').MixSettings} MixSettings */
/** @typedef {import('./requests.js').Shown} Shown */

/**
 * @typedef {object} ToolsOptions
 * @property {HTMLElement} element
 * @property {Server} server
 * @property {Stage} stage
 * @property {FrameGrid} grid
 * @property {() => Shown | null} shown what is on screen
 * @property {() => void} onMaskChange what Python shall know of the mask is something else
 * @property {() => void} onMaskSent the server has another version of the mask
 * @property {() => void} onLayersChange
 * @property {() => void} onStep something was painted that can be undone
 * @property {(alpha: number) => void} onChoose a point of the curve was chosen
 * @property {() => MixSettings | null} settings of the mix on screen
 * @property {(settings: MixSettings) => void} onFound a better mix was found for them
 */

export class Tools {
  mask = new Mask();
  /** The mask as Python was told of it. @type {string | null} */
  #told = null;

  /** @param {ToolsOptions} options */
  constructor(options) {
    this.options = options;
    const { element, server } = options;
    /** @param {string} name */
    const panel = (name) => find(element, `.panel[data-panel="${name}"]`);
    this.upload = this.makeUpload();
    this.paint = this.makePaintPanel(panel('paint'));
    this.layers = new LayersPanel({ element: panel('layers'), onChange: options.onLayersChange });
    this.best = new BestMixPanel({
      element: panel('layers'),
      clock: browserClock,
      request: () => this.bestMixRequest(),
      settings: options.settings,
      find: (request) => ask(server, 'best_mix', request),
      steps: (request) => ask(server, 'best_mix_steps', request),
      onFound: options.onFound,
    });
    this.compare = new ComparePanel({
      element: panel('compare'),
      compare: (request) => ask(server, 'compare', request),
    });
    this.tradeoff = new TradeoffPanel({
      element: panel('curve'),
      measure: (request) => ask(server, 'curve', request),
      onChoose: options.onChoose,
      onMeasure: (against) => this.measure(against),
    });
    this.tabs = new PanelTabs({ element: find(element, '.panels'), onChange: () => this.changePanel() });
  }

  /**
   * Other networks.
   * @param {number} scale of the enlargement
   */
  open(scale) {
    this.tradeoff.open(scale);
    this.best.open(scale);
  }

  /** Another picture. @param {{ width: number, height: number }} size */
  openPicture(size) {
    this.mask.open(size);
    this.best.openPicture();
  }

  /** What to look for a better mix from; null, and a message, where there is no way to show one. */
  bestMixRequest() {
    const { grid: { cache }, shown, stage } = this.options;
    const now = shown();
    if (!now || !cache) return null;
    const canShow = isInterpolation(now.shares) && cache.space.kind !== 'around';
    stage.showMessage(canShow ? null : 'The best mix is looked for between the ends of a slider, triangle or square.', 'best');
    return canShow ? requestFor(now, cache.region, now.shares, { isPainted: false }) : null;
  }

  makeUpload() {
    const { mask, options: { server, stage, grid, onMaskSent } } = this;
    return new MaskUpload({
      mask,
      send: async () => {
        const png = await writeMaskText(mask);
        const { token, session } = stage.scene ?? {};
        return { ...await ask(server, 'mask', { token, png, session }), png };
      },
      onReply: (error) => {
        stage.showMessage(error, 'mask');
        this.tellMask();
        if (error) grid.stop(); else onMaskSent();
      },
    });
  }

  /** At once when a stroke begins: a file that is asked for then must not leave it out. */
  tellMask() {
    const now = this.mask.on ? this.upload.id ?? '' : null;
    if (now === this.#told) return;
    this.#told = now;
    this.options.onMaskChange();
  }

  /** @param {HTMLElement} element */
  makePaintPanel(element) {
    const { mask, options: { server, stage, grid, onStep } } = this;
    const { canvas, view } = stage;
    return new PaintPanel({
      element,
      canvas,
      view,
      mask,
      makeMask: (kind) => {
        const { token, session } = stage.scene ?? {};
        return ask(server, 'auto_mask', { token, kind, session });
      },
      onMaskChange: () => {
        canvas.dataset.mask = mask.on ? 'on' : '';
        this.tellMask();
        grid.changed();
      },
      onStep,
      onLookChange: () => stage.redraw(),
      onMessage: (text) => stage.showMessage(text, 'mask'),
    });
  }

  changePanel() {
    this.paint.setOpen(this.tabs.current === 'paint');
    if (this.tabs.current === 'compare') this.showComparison();
  }

  /** The mix stays for a moment: what depends on it follows. */
  follow() {
    const { grid, shown } = this.options;
    const now = shown();
    if (!now) return;
    if (this.mask.on) this.upload.bring(() => grid.resting && this.mask.on);
    if (this.tabs.current === 'compare') this.showComparison();
    this.tradeoff.draw(now.shares[1], paintingKey(now));
  }

  /**
   * A request with what is painted, once the server has it; null if it cannot have it.
   * @param {readonly number[]} [shares] by default those on screen then
   * @returns {Promise<MixRequest | null>}
   */
  async paintedRequest(shares) {
    if (this.mask.on && !await this.upload.bring()) return null;
    const now = this.options.shown();
    const { cache } = this.options.grid;
    if (!now || !cache) return null;
    return requestFor(now, cache.region, shares ?? now.shares, { isPainted: now.isPainted });
  }

  async showComparison() {
    const request = await this.paintedRequest();
    if (request && this.tabs.current === 'compare') this.compare.show(request);
  }

  /** @param {string} against the kind of reference */
  async measure(against) {
    const { shown, stage } = this.options;
    const now = shown();
    if (!now) return;
    if (now.shares.length !== 2) {
      stage.showMessage('The curve needs two networks: it runs from one to the other.', 'curve');
      return;
    }
    stage.showMessage(null, 'curve');
    const request = await this.paintedRequest([0, 1]);
    const then = shown();
    if (request && then) this.tradeoff.measure({ ...request, against }, then.shares[1], paintingKey(then));
  }
}
