// @ts-check
// What a tab of the browser remembers of the page while it is open: it survives a reload, and a restart of the server.

const PREFIX = 'dni ';

/**
 * @param {string} name
 * @param {unknown} value
 */
export function saveState(name, value) {
  try {
    window.sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage is full or off.
  }
}

/**
 * @param {string} name
 * @returns {any} null where there is nothing
 */
export function savedState(name) {
  try {
    return JSON.parse(window.sessionStorage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null;
  }
}

/** What this tab of the browser is called; the same after a reload. */
export function tabName() {
  const name = savedState('tab') ?? `${Date.now()} ${Math.random()}`;
  saveState('tab', name);
  return name;
}
