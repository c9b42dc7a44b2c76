// @ts-check
// Where keys lead in a row of buttons.

/**
 * The button that a key leads to.
 * @param {number} at its number
 * @param {string} key
 * @param {number} count of buttons
 */
export function stepFrom(at, key, count) {
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key] ?? 0;
  return Math.min(count - 1, Math.max(0, at + step));
}
