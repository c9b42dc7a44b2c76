// @ts-check
// The tabs of the tools below the picture: at most one panel is open.

import { findAll } from '../../lib/dom.js';

/** @typedef {'' | 'layers' | 'paint' | 'compare' | 'curve'} PanelName '' where none is open */

export class PanelTabs {
  /** @type {PanelName} */
  current = '';

  /**
   * @param {object} options
   * @param {HTMLElement} options.element holds the tabs and the panels
   * @param {(panel: PanelName) => void} options.onChange after another one was opened, or the last one closed
   */
  constructor({ element, onChange }) {
    this.tabs = findAll(element, '.heads button');
    this.panels = findAll(element, '.panel');
    for (const tab of this.tabs) {
      tab.addEventListener('click', () => {
        const name = /** @type {PanelName} */ (tab.dataset.panel);
        this.#open(this.current === name ? '' : name);
        onChange(this.current);
      });
    }
  }

  /** @param {PanelName} name */
  #open(name) {
    this.current = name;
    for (const tab of this.tabs) tab.setAttribute('aria-selected', String(tab.dataset.panel === name));
    for (const panel of this.panels) panel.hidden = panel.dataset.panel !== name;
  }
}
