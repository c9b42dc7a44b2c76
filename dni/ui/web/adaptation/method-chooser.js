// @ts-check
// Which adapted network is the other end of the slider, and what its method does.

import { find, findAs } from '../lib/dom.js';

/** @typedef {import('./protocol.js').MethodChoice} MethodChoice */

export class MethodChooser {
  /**
   * @param {HTMLElement} section
   * @param {object} options
   * @param {readonly MethodChoice[]} options.methods Those of one group follow one another.
   * @param {string} options.first The id of the one chosen at first.
   * @param {(method: MethodChoice) => void} options.onChoose
   */
  constructor(section, { methods, first, onChoose }) {
    this.section = section;
    this.select = findAs(section, 'select.methods', HTMLSelectElement);
    const groups = [...new Set(methods.map(({ group }) => group))];
    this.select.append(...groups.map((group) => makeGroup(group, methods)));
    this.select.value = first;
    const chosen = () => methods.find(({ id }) => id === this.select.value) ?? methods[0];
    this.#describe(chosen());
    this.select.addEventListener('change', () => {
      this.#describe(chosen());
      onChoose(chosen());
    });
  }

  /** @param {MethodChoice} method */
  #describe({ about, paper }) {
    find(this.section, '.about span').textContent = about;
    const link = findAs(this.section, '.about a', HTMLAnchorElement);
    link.href = paper;
    link.hidden = !paper;
  }
}

/**
 * @param {string} label
 * @param {readonly MethodChoice[]} methods
 */
function makeGroup(label, methods) {
  const group = document.createElement('optgroup');
  group.label = label;
  group.append(...methods.filter((method) => method.group === label).map(({ id, title }) => new Option(title, id)));
  return group;
}
