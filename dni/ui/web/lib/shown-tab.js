// @ts-check
// After a reload the tab that was open is open again.

import { saveState, savedState } from './saved-state.js';

const KEY = 'shown tab';
const TABS = '.tab-container button[role="tab"]';

/** Remember which of the page's tabs is open, and open it where the page was reloaded. */
export function keepShownTab() {
  document.addEventListener('click', ({ target }) => {
    const tab = target instanceof Element ? target.closest(TABS) : null;
    if (tab) saveState(KEY, nameOf(tab));
  }, { capture: true });
  if (!wasReloaded()) return;
  const wanted = savedState(KEY);
  const tab = [...document.querySelectorAll(TABS)].find((one) => nameOf(one) === wanted && isShown(one));
  if (tab instanceof HTMLElement && tab.getAttribute('aria-selected') !== 'true') tab.click();
}

/** Not where somebody followed a link, which says itself what to open. */
function wasReloaded() {
  const [navigation] = performance.getEntriesByType('navigation');
  return navigation instanceof PerformanceNavigationTiming && navigation.type === 'reload';
}

/** @param {Element} tab */
function nameOf(tab) {
  return tab.textContent?.trim() ?? '';
}

/** Gradio keeps copies of its tabs to measure them. @param {Element} tab */
function isShown(tab) {
  return tab.getClientRects().length > 0 && !tab.closest('[aria-hidden="true"], .visually-hidden');
}
