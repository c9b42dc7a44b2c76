// @ts-check
// The mixing page: which networks, which mix of them, in which layers, and where in the picture.

import { browserClock } from '../lib/clock.js';
import { decodeJpeg, fill, find, showText } from '../lib/dom.js';
import { FrameGrid } from '../lib/frames/frame-grid.js';
import { ask } from '../lib/protocol.js';
import { isInterpolation, keyOf } from '../lib/frames/shares.js';
import { sharesWithin, startOf } from './start-mix.js';
import { spaceFor } from '../lib/frames/spaces.js';
import { Stage } from '../lib/canvas/stage.js';
import { Throttle } from '../lib/throttle.js';
import { MixControl } from './control/mix-control.js';
import { MixOptions } from './control/mix-options.js';
import { Memory } from './memory.js';
import { MixPainter } from './mix-painter.js';
import { readout, showFrames } from './readout.js';
import { frameRequest, outsideKey, paintedKey, pieceKey, pieceRequest, planFor, stateOf } from './requests.js';
import { Tools } from './tools.js';

/** @typedef {import('../lib/gradio.js').Component<any>} Component */
/** @typedef {import('../lib/protocol.js').MixingScene} MixingScene */
/** @typedef {import('../lib/protocol.js').Region} Region */
/** @typedef {import('./requests.js').Shown} Shown */
/** @typedef {import('./control/mix-options.js').OptionValues} OptionValues */
/** @typedef {OptionValues & { shares: readonly number[], layers: Record<string, number> }} MixSettings */

const NETWORKS_BOX = { panel: '#desk-own-networks', box: '#desk-files' };
const BATCH_BOX = { panel: '#desk-batch-panel', box: '#desk-batch-files' };
// While the layers change, other frames are begun no more often than this.
const LAYERS_MS = 120;

/**
 * @param {Component} component
 * @returns {Mixing}
 */
export function mount(component) {
  fill(component.element, component.props.markup);
  const mixing = new Mixing(component);
  component.watch('value', () => mixing.open(component.props.value));
  mixing.open(component.props.value);
  return mixing;
}

class Mixing {
  /** @type {MixingScene | null} */
  scene = null;
  /** The part of a recipe, until the view is moved. @type {Region | null} */
  framed = null;
  /** Serials of the scenes that were here: an answer that comes late holds one. @type {Set<string>} */
  past = new Set();

  /** @param {Component} component */
  constructor({ element, props, server, trigger }) {
    this.element = element;
    this.props = props;
    this.server = server;
    this.stage = new Stage(element, server, {
      draw: () => this.draw(),
      reduce: (factor) => trigger('reduce', { factor }),
    });
    this.painter = this.stage.painter = new MixPainter(this.stage.canvas, this.stage.view);
    this.grid = this.makeGrid();
    const piece = (/** @type {Region} */ region) => this.fetch((shown) => pieceRequest(shown, region));
    this.surroundings = this.painter.surroundings = this.stage.surround({ piece, rests: () => this.grid.isIdle });
    this.control = new MixControl({
      element: find(element, '.mixer'),
      onChange: (shares) => this.setShares(shares),
      onRest: () => this.grid.rest(),
    });
    this.options = new MixOptions({
      element,
      onSpaceChange: () => this.changeSpace(),
      onBaseChange: () => this.grid.changed(),
      onWayChange: () => this.changeLayers(),
    });
    this.tools = new Tools({
      element,
      server,
      stage: this.stage,
      grid: this.grid,
      shown: () => this.shown,
      onMaskChange: () => this.report(),
      onMaskSent: () => {
        this.memory.save();
        this.grid.fetchNext();
      },
      onLayersChange: () => this.changeLayers(),
      onStep: () => this.memory.record(),
      onChoose: (alpha) => this.goTo([1 - alpha, alpha]),
      settings: () => this.settings,
      onFound: (settings) => this.restore(settings),
    });
    this.layersChange = new Throttle({
      pause: LAYERS_MS,
      isWanted: () => this.grid.isStale && this.grid.cache !== null,
      act: () => this.reopen(),
    });
    this.memory = new Memory(this, { element, trigger });
    this.attach();
  }

  /** @returns {FrameGrid} */
  makeGrid() {
    const { stage } = this;
    return new FrameGrid({
      fetchFrame: ({ region }, wanted) => this.fetch((shown) => frameRequest(shown, region, wanted)),
      decode: decodeJpeg,
      clock: browserClock,
      onChange: () => stage.redraw(),
      onFrames: () => showFrames(stage.canvas, this.grid),
      onRest: () => {
        this.report();
        this.memory.rest();
        this.tools.follow();
      },
      onMessage: (text, isNotice) => stage.showMessage(text, 'frame', isNotice),
      region: (current) => (this.scene ? stage.view.region(current) : null),
      onRegion: (region, isOther) => {
        stage.underlay.refine();
        if (isOther) this.openRegion(region); else this.report();
      },
      plan: (isResting) => this.plan(isResting),
    });
  }

  /**
   * @param {(shown: Shown) => import('../lib/protocol.js').MixFrameRequest} request
   * @returns {Promise<import('../lib/protocol.js').FrameReply>}
   */
  async fetch(request) {
    const { shown } = this;
    return shown ? ask(this.server, 'frame', request(shown)) : { dropped: true };
  }

  /** @param {boolean} isResting */
  plan(isResting) {
    const { shown, grid: { cache } } = this;
    const isLine = cache?.space.kind === 'line';
    return shown ? planFor(shown, { isLine, isResting }) : { special: [], own: true };
  }

  /** What is on screen. @returns {Shown | null} */
  get shown() {
    const { scene, grid: { shares }, tools: { layers: { layers }, mask, upload } } = this;
    const { beyond, base, repair, method } = this.options;
    const painted = { isPainted: mask.on, maskVersion: mask.version, maskId: upload.id };
    return scene && { scene, shares, layers, beyond, base, repair, method, ...painted };
  }

  // ---- scenes and regions

  /** @param {MixingScene | null} next */
  open(next) {
    if (!next?.token) return;
    if (next.serial === this.scene?.serial) this.learn(next);
    else if (this.past.has(next.serial)) this.report();
    else this.openNew(next);
  }

  /** @param {MixingScene} next */
  openNew(next) {
    const { grid, stage } = this;
    const hasNewNetworks = next.pair !== this.scene?.pair;
    this.past.add(next.serial);
    for (const about of ['frame', 'files', 'networks']) stage.showMessage(null, about);
    grid.invalidate();
    this.scene = { ...next, mix: null, base: null, png: null, crop: null };
    if (stage.open(next)) {
      grid.forget();
      this.tools.openPicture(next);
    }
    if (hasNewNetworks) this.tools.open(next.scale);
    if (hasNewNetworks || next.mix) this.adopt(next);
    if (hasNewNetworks) this.memory.forget();
    this.framed = next.crop ?? null;
    if (this.framed) stage.view.show(this.framed); else if (next.mix) stage.view.open(next);
    this.openRegion(stage.view.region(null));
    // After it: Python is told of the scene first.
    this.memory.opened(next);
    grid.rest();
  }

  /**
   * Take the mix that comes with a recipe, or the middle of new networks.
   * @param {MixingScene} next
   */
  adopt({ labels, groups, mix, base, png, pad }) {
    const { shares, isAround, beyond } = startOf({ numEnds: labels.length, pad, mix });
    this.grid.shares = shares;
    this.options.open({ beyond, isAround, base: base ?? null, numEnds: labels.length, mix });
    this.tools.layers.open(groups, mix?.layers ?? {});
    if (mix) this.tools.paint.turnOff();
    if (png) this.tools.paint.readText(png);
  }

  /**
   * What became known of the networks on screen: how alike they are in each group of layers.
   * @param {MixingScene} next
   */
  learn(next) {
    const { scene } = this;
    if (!scene || JSON.stringify(next.groups) === JSON.stringify(scene.groups)) return;
    this.scene = { ...scene, groups: next.groups };
    this.tools.layers.open(next.groups, this.tools.layers.layers);
    // The answer holds the mix of when it was asked for.
    this.report();
  }

  /** @param {Region} region */
  openRegion(region) {
    const { scene, grid, control, options: { tasks, beyond } } = this;
    if (!scene) return;
    const { space } = this;
    this.stage.fetchBefore(grid.open({ scene, region, space }));
    control.open(space, scene.labels, { beyond, tasks });
    find(this.element, '.dni-desk').dataset.space = space.kind;
    control.show(grid.shares);
    this.tools.tradeoff.clear();
    this.report();
  }

  get space() { return spaceFor(this.scene?.labels.length ?? 2, this.options); }

  /** The same region with other frames: the layers or the space of the mix changed. */
  reopen() {
    const { cache } = this.grid;
    if (cache) this.openRegion(cache.region);
  }

  /** Tell Python what is on screen. */
  report() {
    const { shown, grid: { cache }, framed, stage: { view } } = this;
    if (shown) this.props.value = stateOf(shown, { region: cache?.region ?? null, seen: framed ?? view.visible() });
  }

  // ---- what the person does

  /** @param {readonly number[]} shares */
  setShares(shares) {
    this.grid.setShares(shares);
    this.control.show(this.grid.shares);
  }

  /** @param {readonly number[]} shares */
  goTo(shares) {
    this.setShares(shares);
    this.grid.rest();
  }

  changeLayers() {
    this.grid.invalidate();
    this.layersChange.run();
    this.grid.changed();
  }

  /** Another choice of how shares are set: the space is another one. */
  changeSpace() {
    this.setShares(sharesWithin(this.space, this.grid.shares, this.options));
    this.reopen();
  }

  /**
   * The mix, and how it is set.
   * @returns {MixSettings | null}
   */
  get settings() {
    const { scene, grid: { shares }, options: { values }, tools: { layers } } = this;
    return scene && { ...values, shares, layers: layers.layers };
  }

  /**
   * @param {MixSettings} settings of the networks on screen
   * @param {import('./mask/mask.js').MaskState} [painting] what was painted; by default as it is
   */
  restore({ shares, layers, ...options }, painting) {
    if (!this.scene) return;
    this.grid.invalidate();
    if (painting) this.tools.paint.restore(painting);
    this.options.restore(options);
    this.tools.layers.open(this.scene.groups, layers);
    this.grid.setShares(shares);
    this.reopen();
    this.grid.rest();
  }

  /** All as it is with new networks. */
  reset() {
    if (!this.scene) return;
    this.grid.invalidate();
    this.tools.paint.turnOff();
    this.adopt(this.scene);
    this.reopen();
    this.grid.rest();
  }

  attach() {
    const { grid, stage } = this;
    const moved = () => {
      this.framed = null;
      grid.viewMoved();
    };
    stage.followView(moved);
    find(this.element, '[data-tool="reset"]').addEventListener('click', () => this.reset());
    stage.followFiles('#desk-picture', '#desk-examples', { networks: NETWORKS_BOX, batch: BATCH_BOX });
    stage.followSize(() => { if (this.scene) grid.viewMoved(); });
  }

  // ---- drawing

  draw() {
    const { element, grid, painter, scene, shown, stage: { canvas, isOriginal }, tools: { mask, paint } } = this;
    this.surroundings.of(shown ? pieceKey(shown) : '');
    const drawn = painter.draw({
      cache: grid.visible,
      shares: grid.shares,
      original: isOriginal,
      mask,
      painted: shown?.isPainted ? { key: paintedKey(shown), outsideKey: outsideKey(shown) } : null,
      showMask: paint.showsMask,
    });
    if (paint.outline) painter.outlineBrush(paint.outline);
    showText(find(element, '.readout'), scene ? readout(scene.labels, grid) : '');
    this.options.showOutside(scene?.labels ?? [], mask.on);
    this.options.showWarning(!isInterpolation(grid.shares) && this.space.kind !== 'around');
    canvas.dataset.shares = keyOf(grid.shares);
    this.stage.showState(grid.status(drawn));
    if (grid.cache) this.surroundings.fetch(grid.cache.region);
  }
}
