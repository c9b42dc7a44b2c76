// @ts-check
// The Effects tab's viewer: one slider from one network to another.

import { browserClock } from '../lib/clock.js';
import { decodeJpeg, fill, find, findAs, showText } from '../lib/dom.js';
import { FrameGrid } from '../lib/frames/frame-grid.js';
import { ask } from '../lib/protocol.js';
import { spaceFor } from '../lib/frames/spaces.js';
import { samplePixels, Stage } from '../lib/canvas/stage.js';
import { UndoButtons } from '../lib/undo-buttons.js';
import { ends, percents } from './alpha.js';
import { ExactAlpha, followSlider } from './alpha-inputs.js';
import { BlindTest } from './blind-test.js';
import { BothSides } from './both-sides.js';
import { Comparison } from './comparison.js';
import { copyLink } from './copy-link.js';
import { FirstSweep } from './first-sweep.js';
import { KeyframeDots } from './keyframe-dots.js';
import { PageAddress } from './page-address.js';

/** @typedef {import('../lib/gradio.js').Component<ViewerScene>} Component */
/** @typedef {import('../lib/frames/keyframe-cache.js').KeyframeCache} KeyframeCache */
/** @typedef {import('../lib/protocol.js').Region} Region */
/** @typedef {import('../lib/protocol.js').ViewerScene} ViewerScene */

const MIDDLE = 0.5;
const UPLOAD_BOX = '#own-picture';

/**
 * @param {Component} component
 * @returns {Viewer}
 */
export function mount(component) {
  fill(component.element, component.props.markup);
  const viewer = new Viewer(component);
  component.watch('value', () => viewer.open(component.props.value));
  viewer.open(component.props.value);
  return viewer;
}

class Viewer {
  /** @param {Component} component */
  constructor({ element, props, trigger, server }) {
    this.element = element;
    this.props = props;
    this.trigger = trigger;
    this.server = server;
    this.slider = findAs(element, 'input.alpha', HTMLInputElement);
    this.wipeSlider = findAs(element, '.wipe input', HTMLInputElement);
    this.readout = find(element, '.readout');
    this.space = spaceFor(2, {});
    this.dots = new KeyframeDots(find(element, '.keys'), this.space);
    const stage = this.stage = new Stage(element, server, {
      draw: () => this.draw(),
      reduce: (factor) => trigger('reduce', { factor }),
    });
    this.grid = this.makeGrid();
    this.sides = new BothSides(stage, {
      piece: (region, alpha) => this.fetchFrame({ scene: /** @type {ViewerScene} */ (this.scene), region }, alpha, true),
      rests: () => this.grid.isIdle && !this.scene?.prepares,
    });
    /** @type {ViewerScene | null} */
    this.scene = null;
    /** Serials of the scenes that were here: an answer that comes late holds one. @type {Set<string>} */
    this.past = new Set();
    this.address = new PageAddress();
    this.wipe = 0;
    this.sweep = this.makeSweep();
    this.comparison = new Comparison(element, {
      goTo: (alpha) => this.goTo(alpha),
      changed: () => this.compare(),
      tell: (text) => this.tell(text),
    });
    this.exact = new ExactAlpha(findAs(element, '.exact input', HTMLInputElement), {
      alpha: () => this.alpha,
      goTo: (alpha) => { if (this.scene) this.goTo(alpha); },
      tell: (text) => this.tell(text, false),
    });
    this.blind = new BlindTest(find(element, '.dni-viewer'), {
      show: (alpha) => this.goTo(alpha),
      done: (alpha, text) => {
        this.goTo(alpha);
        this.showEstimate(text);
      },
    });
    /** @type {UndoButtons<number>} */
    this.undo = new UndoButtons({
      root: element,
      capture: () => (this.scene && !this.blind.isRunning ? this.alpha : null),
      apply: (alpha) => this.goTo(alpha),
      isShown: () => stage.isShown,
    });
    this.attach();
  }

  get alpha() { return this.grid.shares[1]; }

  makeGrid() {
    const { stage } = this;
    return new FrameGrid({
      fetchFrame: (cache, { shares: [, alpha], special, ahead }) => (
        this.fetchFrame(cache, special ? Number(special.key) : alpha, ahead)
      ),
      decode: decodeJpeg,
      clock: browserClock,
      onChange: () => stage.redraw(),
      onFrames: () => this.showFrames(),
      onRest: () => {
        this.report();
        this.undo.record();
      },
      onMessage: (text, isNotice) => stage.showMessage(text, 'frame', isNotice),
      plan: () => ({ special: this.comparison.wanted(), own: true }),
      region: (current) => (this.scene ? stage.view.region(current) : null),
      onRegion: (region, isOther) => {
        stage.underlay.refine();
        if (isOther) this.openRegion(region);
      },
      pixels: samplePixels,
    });
  }

  makeSweep() {
    const sweep = new FirstSweep({
      clock: browserClock,
      show: (alpha) => {
        this.slider.value = String(alpha);
        this.setAlpha(alpha);
      },
      end: () => this.grid.rest(),
    });
    sweep.followPage(this.slider);
    return sweep;
  }

  /**
   * @param {Pick<KeyframeCache, 'scene' | 'region'>} of
   * @param {number} alpha
   * @param {boolean} ahead
   * @returns {Promise<import('../lib/protocol.js').FrameReply>}
   */
  fetchFrame({ scene: { token, pair, session }, region }, alpha, ahead) {
    /** @type {import('../lib/protocol.js').ViewerFrameRequest} */
    const request = { token, pair, region, alpha, session, ahead };
    return ask(this.server, 'frame', request);
  }

  // ---- scenes and regions

  /** @param {ViewerScene | null} next */
  open(next) {
    if (!next?.token) return;
    if (next.serial === this.scene?.serial) this.learn(next);
    else if (this.past.has(next.serial)) this.report();
    else this.openNew(next);
  }

  /** @param {ViewerScene} next */
  openNew(next) {
    const { grid, stage } = this;
    this.past.add(next.serial);
    const hasNewNetworks = next.pair !== this.scene?.pair;
    if (hasNewNetworks) this.blind.stop();
    // From then on the slider's is the newest, unless another is estimated for this picture, or new networks have one.
    const isFirst = !this.scene;
    if (isFirst || next.estimate || (next.starts && hasNewNetworks)) grid.shares = ends(next.alpha);
    this.showEstimate(next.estimate);
    showText(find(this.element, '.whole'), next.whole);
    this.scene = next;
    for (const about of ['frame', 'tool', 'files']) stage.showMessage(null, about);
    if (stage.open(next)) grid.forget();
    showText(find(this.element, '.end-a'), next.labels[0]);
    showText(find(this.element, '.end-b'), next.labels[1]);
    this.comparison.open(next);
    this.slider.value = String(this.alpha);
    if (isFirst) this.address.open(next);
    if (isFirst) this.undo.open();
    stage.own?.begin(!this.address.namesPicture);
    this.openRegion(stage.view.region(null));
    grid.rest();
  }

  /** @param {string} text why the slider is where it is; empty where nobody knows */
  showEstimate(text) {
    const estimate = find(this.element, '.estimate');
    showText(estimate, text);
    estimate.hidden = !text;
  }

  /**
   * The keyframes of the region are made.
   * @param {ViewerScene} next
   */
  learn(next) {
    if (!next.prepared || !this.grid.preparing) return;
    this.grid.prepared();
    // The answer holds the alpha of when it was asked for.
    this.report();
  }

  /** @param {Region} region */
  openRegion(region) {
    const { scene, space } = this;
    if (!scene) return;
    this.stage.fetchBefore(this.grid.open({ scene, region, space }, { prepares: scene.prepares }));
    if (scene.prepares) this.trigger('prepare', { region });
    this.report();
  }

  /** Tell Python and the address bar where we are. */
  report() {
    const { scene, alpha } = this;
    if (!scene) return;
    this.props.value = { ...scene, alpha, region: this.grid.cache?.region ?? null };
    // It would say what the blind test does not.
    if (!this.blind.isRunning) this.address.show(scene, alpha);
  }

  // ---- what the person does

  attach() {
    const { grid, stage } = this;
    const moved = () => grid.viewMoved();
    stage.followView(moved, { wipe: () => this.wipe, setWipe: (to) => this.setWipe(to) });
    this.onClick('reset', () => this.goTo(MIDDLE));
    this.onClick('keep', () => this.comparison.keep(this.alpha));
    this.onClick('blind', () => {
      this.setWipe(0);
      this.blind.start(this.alpha);
    });
    this.onClick('link', (button) => this.copyLink(button));
    followSlider(this.slider, { moved: (alpha) => this.setAlpha(alpha), rests: () => grid.rest() });
    this.wipeSlider.addEventListener('input', () => this.setWipe(Number(this.wipeSlider.value) / 100));
    stage.followFiles(UPLOAD_BOX, '#examples', { batch: { panel: '#batch-panel', box: '#batch-files' } });
    stage.followSize(() => { if (this.scene) moved(); });
  }

  /**
   * @param {string} name of a tool
   * @param {(button: HTMLElement) => void} act
   */
  onClick(name, act) {
    const button = find(this.element, `button[data-tool="${name}"]`);
    button.addEventListener('click', () => { if (this.scene) act(button); });
  }

  /** @param {string | null} text about what was just done, until alpha changes */
  tell(text, isNotice = true) {
    this.stage.showMessage(text, 'tool', isNotice);
    this.stage.redraw();
  }

  /** @param {number} alpha */
  setAlpha(alpha) {
    this.tell(null);
    this.grid.setShares(ends(alpha));
  }

  /** @param {number} alpha */
  goTo(alpha) {
    this.slider.value = String(alpha);
    this.setAlpha(alpha);
    this.grid.rest();
  }

  /** What is compared with is another one: it is shown on a half, if on nothing yet. */
  compare() {
    if (!this.wipe) this.setWipe(MIDDLE);
    this.stage.redraw();
    this.grid.fetchNext();
  }

  /** @param {number} fraction */
  setWipe(fraction) {
    this.wipe = fraction;
    this.wipeSlider.value = String(Math.round(fraction * 100));
    this.stage.redraw();
  }

  /** @param {HTMLElement} button */
  copyLink(button) {
    const { scene, alpha, address } = this;
    if (!scene) return;
    this.report();
    copyLink(button, {
      link: address.linkTo(scene, alpha),
      hasPicture: Boolean(scene.example) || address.isLinked(scene),
      tell: (text) => this.tell(text),
    });
  }

  // ---- drawing

  draw() {
    const { alpha, comparison, grid, scene, sides, slider, stage: { canvas, painter, view }, wipe } = this;
    sides.of(scene, { alpha, compared: comparison.alpha });
    const drawn = painter.draw({
      cache: grid.visible, shares: grid.shares, wipe, original: this.stage.isOriginal,
      other: { ...comparison.other(grid.visible), around: sides.compared },
    });
    showText(this.readout, scene ? grid.timing : '');
    this.exact.show(alpha);
    slider.setAttribute('aria-valuetext', scene ? percents(alpha, scene.labels) : '');
    const scrolls = view.picture && view.fitted && wipe === 0;
    canvas.style.touchAction = scrolls ? 'pan-y' : 'none';
    canvas.dataset.alpha = String(alpha);
    this.stage.showState(grid.status(drawn));
    sides.fetch(grid.cache?.region, wipe > 0);
    canvas.dataset.latency = grid.movedAt ? (performance.now() - grid.movedAt).toFixed(1) : '';
  }

  /** Mark the keyframes that are there below the slider. */
  showFrames() {
    const { grid: { cache }, space, stage: { canvas } } = this;
    this.dots.show(cache);
    canvas.dataset.frames = String(cache?.frames.size ?? 0);
    const missing = cache ? this.grid.missing().length : space.nodes.length;
    canvas.dataset.missing = String(missing);
    if (!missing && canvas.clientWidth) this.sweep.begin(this.alpha);
  }
}
