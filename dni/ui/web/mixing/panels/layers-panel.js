// @ts-check
// The Layers panel: bars over depth, drawn with one stroke, and how alike the ends' filters are at each.

import { findAs } from '../../lib/dom.js';
import { percent } from '../../lib/frames/shares.js';
import { groupShares, isPreset, ownParts, partAfterKey, presetParts, roundedPart } from './layer-parts.js';

/** @typedef {import('../../lib/protocol.js').LayerGroup} LayerGroup */
/** @typedef {{ bar: HTMLElement, column: HTMLElement, fill: HTMLElement }} Bar */

export class LayersPanel {
  /** @type {string[]} */
  #names = [];
  /** @type {number[]} */
  #parts = [];
  /** @type {Bar[]} */
  #bars = [];

  /**
   * @param {object} options
   * @param {HTMLElement} options.element the panel
   * @param {() => void} options.onChange after the person changed a part
   */
  constructor({ element, onChange }) {
    this.list = findAs(element, '.bars', HTMLElement);
    this.onChange = onChange;
    this.#listenToStrokes();
    for (const button of element.querySelectorAll('[data-preset]')) {
      button.addEventListener('click', () => this.#choosePreset(button.getAttribute('data-preset') ?? ''));
    }
  }

  /** How much of the mix a group gets, where that is not all of it, by name. */
  get layers() {
    return ownParts(this.#names, this.#parts);
  }

  /**
   * The shares of the groups that do not get all of a mix.
   * @param {readonly number[]} shares
   */
  groupShares(shares) {
    return groupShares(this.layers, shares);
  }

  /**
   * Show the groups of networks.
   * @param {readonly LayerGroup[]} groups in order of depth
   * @param {Readonly<Record<string, number>>} layers parts by name; 1 for the others
   */
  open(groups, layers = {}) {
    this.#names = groups.map((group) => group.name);
    this.#parts = this.#names.map((name) => layers[name] ?? 1);
    this.#bars = groups.map((group, index) => this.#makeBar(group, index));
    this.list.replaceChildren(...this.#bars.map(({ bar }) => bar));
    this.#show();
  }

  /**
   * @param {LayerGroup} group
   * @param {number} index
   * @returns {Bar}
   */
  #makeBar({ name, correlation }, index) {
    const [bar, column, fill] = [document.createElement('div'), document.createElement('div'), document.createElement('i')];
    const caption = document.createElement('span');
    bar.className = 'bar-of-layer';
    column.className = 'column';
    column.tabIndex = 0;
    column.setAttribute('role', 'slider');
    column.setAttribute('aria-label', `Layers: ${name}`);
    column.setAttribute('aria-valuemin', '0');
    column.setAttribute('aria-valuemax', '100');
    column.addEventListener('keydown', (event) => this.#pressKey(event, index));
    caption.textContent = name.replace('upsampling', 'upsample');
    column.append(fill);
    if (typeof correlation === 'number') column.append(correlationMark(correlation));
    bar.append(column, caption);
    return { bar, column, fill };
  }

  #listenToStrokes() {
    let drawing = false;
    this.list.addEventListener('pointerdown', (event) => {
      if (event.button > 0) return;
      drawing = true;
      this.list.setPointerCapture(event.pointerId);
      this.#drawTo(event);
    });
    this.list.addEventListener('pointermove', (event) => {
      if (drawing) this.#drawTo(event);
    });
    for (const name of ['pointerup', 'pointercancel']) this.list.addEventListener(name, () => { drawing = false; });
  }

  /** @param {PointerEvent} event */
  #drawTo({ clientX, clientY }) {
    const index = this.#bars.findIndex(({ bar }) => {
      const { left, right } = bar.getBoundingClientRect();
      return clientX >= left && clientX < right;
    });
    if (index < 0) return;
    const { bottom, height } = this.#bars[index].column.getBoundingClientRect();
    this.#set(index, (bottom - clientY) / height);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} index
   */
  #pressKey(event, index) {
    const part = partAfterKey(event.key, this.#parts[index]);
    if (part === null) return;
    this.#set(index, part);
    event.preventDefault();
  }

  /**
   * @param {number} index
   * @param {number} part
   */
  #set(index, part) {
    this.#parts[index] = roundedPart(part);
    this.#show();
    this.onChange();
  }

  /** @param {string} name */
  #choosePreset(name) {
    if (!isPreset(name)) return;
    this.#parts = presetParts(name, this.#names.length);
    this.#show();
    this.onChange();
  }

  #show() {
    this.#bars.forEach(({ column, fill }, index) => {
      const part = this.#parts[index];
      fill.style.height = `${part * 100}%`;
      column.setAttribute('aria-valuenow', String(Math.round(part * 100)));
      column.title = `${this.#names[index]}: ${percent(part)} of the mix`;
    });
  }
}

/** @param {number} correlation */
function correlationMark(correlation) {
  const mark = document.createElement('em');
  mark.style.bottom = `${Math.max(0, Math.min(1, correlation)) * 100}%`;
  mark.title = `The ends' filters correlate by ${correlation.toFixed(3)} here`;
  return mark;
}
