// @ts-check
// The tabs of the tools below the picture: at most one panel is open.

import { findAll } from '../../lib/dom.js';
import { stepFrom } from '../../lib/keys.js';

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
      tab.addEventListener('keydown', (event) => this.#moveFocus(tab, event));
    }
  }

  /**
   * Arrows go from tab to tab; Enter opens.
   * @param {HTMLElement} tab
   * @param {KeyboardEvent} event
   */
  #moveFocus(tab, event) {
    const to = stepFrom(this.tabs.indexOf(tab), event.key, this.tabs.length);
    if (this.tabs[to] === tab) return;
    event.preventDefault();
    this.tabs[to].focus();
  }

  /** @param {PanelName} name */
  #open(name) {
    this.current = name;
    for (const tab of this.tabs) tab.setAttribute('aria-selected', String(tab.dataset.panel === name));
    for (const panel of this.panels) panel.hidden = panel.dataset.panel !== name;
  }
}
