// @ts-check
// The Paint panel: brush and eraser on the picture, and masks that are made, read from a file or changed as a whole.

import { findAll, findAs } from '../../lib/dom.js';
import { LatestRequest } from '../panels/latest-request.js';
import { BrushInput } from './brush-input.js';
import { brushRadius, dabsBetween } from './brush.js';
import { readBrightness, readMaskText } from './mask-image.js';
import { maskSize } from './mask.js';

/** @typedef {import('../../lib/protocol.js').AutoMaskReply} AutoMaskReply */
/** @typedef {import('../../lib/canvas/view.js').View} View */
/** @typedef {import('./brush.js').Brush} Brush */
/** @typedef {import('./brush.js').Levels} Levels */
/** @typedef {import('./brush.js').Point} Point */
/** @typedef {import('./mask.js').Mask} Mask */

/**
 * @typedef {object} PaintPanelOptions
 * @property {HTMLElement} element the panel
 * @property {HTMLCanvasElement} canvas of the picture; see {@link BrushInput} for the order of listeners
 * @property {View} view
 * @property {Mask} mask painted on
 * @property {(kind: string) => Promise<AutoMaskReply>} makeMask asks the server for an automatic mask
 * @property {() => void} onMaskChange the mask has changed, or whether it applies
 * @property {() => void} onStep something that can be undone is about to be done, or was done
 * @property {() => void} onLookChange only what is drawn over the picture has changed
 * @property {(text: string | null) => void} onMessage a mask could not be had; null: that is over
 */

/** @typedef {'brush' | 'eraser' | 'move'} Mode move: pointers move the picture */

/** @type {readonly Mode[]} */
const MODES = ['brush', 'eraser', 'move'];

export class PaintPanel {
  #open = false;
  /** @type {Mode} */
  #mode = 'brush';
  #reading = new LatestRequest();

  /** @param {PaintPanelOptions} options */
  constructor(options) {
    this.options = options;
    const { element, canvas, view, onLookChange } = options;
    this.size = findAs(element, '.size', HTMLInputElement);
    this.softness = findAs(element, '.softness', HTMLInputElement);
    this.strength = findAs(element, '.strength', HTMLInputElement);
    this.maskShown = findAs(element, '.show-mask', HTMLInputElement);
    this.file = findAs(element, '.mask-file', HTMLInputElement);
    this.input = new BrushInput({
      canvas,
      view,
      isActive: () => this.isPainting,
      onStart: options.onStep,
      onEnd: () => this.#commit(),
      onStroke: (from, to) => this.#stroke(from, to),
      onHover: onLookChange,
    });
    for (const input of [this.size, this.softness, this.strength, this.maskShown]) {
      input.addEventListener('input', onLookChange);
    }
    this.#listenToButtons();
    this.file.addEventListener('change', () => this.#takeFile());
  }

  /** Whether a pointer on the picture paints. */
  get isPainting() {
    return this.#open && this.#mode !== 'move';
  }

  /** Whether the mask is to be shown over the picture. */
  get showsMask() {
    return this.#open && this.maskShown.checked;
  }

  /**
   * The brush under the pointer, in CSS pixels of the canvas, or null where there is none.
   * @returns {Point & { radius: number } | null}
   */
  get outline() {
    const { hover } = this.input;
    const { view } = this.options;
    if (!hover || !this.isPainting || !view.picture) return null;
    return { ...hover, radius: this.#brush.radius * view.zoom * view.picture.scale };
  }

  /** @returns {Brush} */
  get #brush() {
    return {
      radius: brushRadius(Number(this.size.value), this.options.mask.picture),
      softness: Number(this.softness.value) / 100,
      strength: Number(this.strength.value) / 100,
      erase: this.#mode === 'eraser',
    };
  }

  /** @param {boolean} open whether the panel is shown; without it nothing is painted, and with it the brush is ready */
  setOpen(open) {
    if (open && !this.#open) this.#mode = 'brush';
    this.#open = open;
    this.#showMode();
  }

  /** What is half painted is done. */
  finish() {
    this.input.finish();
  }

  /**
   * Undo or redo; a mask that is still on its way does not come any more.
   * @param {import('./mask.js').MaskState} state
   */
  restore(state) {
    this.#reading.begin();
    this.options.mask.restore(state);
    this.options.onMaskChange();
  }

  /** The mix everywhere: no mask applies, and none that is still on its way will. */
  turnOff() {
    this.finish();
    this.#reading.begin();
    this.options.mask.on = false;
    this.options.onMaskChange();
  }

  /**
   * Take a mask as it is, at its own size.
   * @param {string} png in base64
   */
  readText(png) {
    return this.#read(readMaskText(png));
  }

  #listenToButtons() {
    const { element, view } = this.options;
    for (const button of findAll(element, '[data-mask]')) {
      button.addEventListener('click', () => {
        if (view.picture) this.#use(button.dataset.mask ?? '');
      });
    }
    for (const mode of MODES) {
      findAs(element, `.${mode}`, HTMLButtonElement).addEventListener('click', () => {
        this.#mode = mode;
        this.#showMode();
      });
    }
  }

  #showMode() {
    const { element, canvas, onLookChange } = this.options;
    for (const mode of MODES) {
      findAs(element, `.${mode}`, HTMLButtonElement).setAttribute('aria-pressed', String(this.#mode === mode));
    }
    canvas.classList.toggle('painting', this.isPainting);
    onLookChange();
  }

  /** @param {string} tool */
  #use(tool) {
    const { mask } = this.options;
    switch (tool) {
      case 'fill': this.#changeAll(() => mask.fill(255)); break;
      // With nothing painted the mix is everywhere: nowhere would only make the control seem broken.
      case 'clear': this.#changeAll(() => mask.fill(0), false); break;
      case 'invert': this.#changeAll(() => mask.invert()); break;
      case 'import': this.file.click(); break;
      case 'off': this.options.onStep(); this.turnOff(); this.options.onStep(); break;
      default: this.#make(tool);
    }
  }

  /**
   * @param {() => void} change
   * @param {boolean} [on] whether the mask applies from then on
   */
  #changeAll(change, on = true) {
    this.finish();
    this.options.onStep();
    this.options.mask.begin();
    change();
    this.#apply(on);
    this.#commit();
  }

  #commit() {
    this.options.mask.commit();
    this.options.onStep();
  }

  #apply(on = true) {
    this.options.mask.on = on;
    this.options.onMaskChange();
  }

  /**
   * @param {Point} from
   * @param {Point} to
   */
  #stroke(from, to) {
    const brush = this.#brush;
    this.options.mask.begin();
    for (const middle of dabsBetween(from, to, brush.radius)) this.options.mask.dab(middle, brush);
    this.#apply();
  }

  /** @param {string} kind of automatic mask */
  async #make(kind) {
    const { mask, makeMask, onMessage } = this.options;
    const { picture } = mask;
    const isLatest = this.#reading.begin();
    const reply = await makeMask(kind);
    if (!isLatest() || mask.picture !== picture) return;
    onMessage(reply.error ?? null);
    if (reply.error === undefined) await this.readText(reply.png);
  }

  async #takeFile() {
    const [file] = this.file.files ?? [];
    this.file.value = '';
    if (!file) return;
    const { mask, onMessage } = this.options;
    try {
      await this.#read(readBrightness(file, maskSize(mask.picture)));
      onMessage(null);
    } catch {
      onMessage(`Expected a picture as the mask, but ${file.name} cannot be read. Choose a PNG or JPEG.`);
    }
  }

  /**
   * Apply a mask once it is decoded, unless a newer one or another picture came in the meantime.
   * @param {Promise<Levels>} decoding
   */
  async #read(decoding) {
    const { mask } = this.options;
    const { picture } = mask;
    const isLatest = this.#reading.begin();
    const levels = await decoding;
    if (!isLatest() || mask.picture !== picture) return;
    this.#changeAll(() => mask.take(levels));
  }
}
