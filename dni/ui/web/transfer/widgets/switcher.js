// @ts-check
// A row of tabs, of which one is chosen by mouse, finger or the arrow keys (the ARIA pattern "tabs").

/**
 * Which tab a key leads to.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @returns {number | null} null where the key means nothing here
 */
export function tabByKey(key, at, count) {
  if (key === 'ArrowRight') return (at + 1) % count;
  if (key === 'ArrowLeft') return (at + count - 1) % count;
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : null;
}

/** @typedef {import('../opened-views.js').ViewStart} ViewStart */

export class Switcher {
  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} panels
   * @param {readonly ViewStart[]} views
   * @param {(view: ViewStart, panel: HTMLElement) => void} onChoose
   */
  constructor(list, panels, views, onChoose) {
    this.views = views;
    this.onChoose = onChoose;
    this.parts = views.map((view, index) => {
      const tab = document.createElement('button');
      const panel = document.createElement('div');
      tab.type = 'button';
      tab.textContent = view.title;
      tab.setAttribute('role', 'tab');
      tab.id = `transfer-tab-${view.name}`;
      panel.id = `transfer-view-${view.name}`;
      panel.className = `view ${view.name}`;
      panel.hidden = true;
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
      tab.setAttribute('aria-controls', panel.id);
      tab.addEventListener('click', () => this.choose(index));
      tab.addEventListener('keydown', (event) => this.#onKey(event, index));
      list.append(tab);
      panels.append(panel);
      return { tab, panel };
    });
  }

  /** @param {number} chosen */
  choose(chosen) {
    this.parts.forEach(({ tab, panel }, index) => {
      tab.setAttribute('aria-selected', String(index === chosen));
      tab.tabIndex = index === chosen ? 0 : -1;
      panel.hidden = index !== chosen;
    });
    this.onChoose(this.views[chosen], this.parts[chosen].panel);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} index
   */
  #onKey(event, index) {
    const next = tabByKey(event.key, index, this.parts.length);
    if (next === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.choose(next);
    this.parts[next].tab.focus();
  }
}
