// @ts-check
// What the cards say and where keys lead, without a page.

/**
 * @param {number} bytes 0 if nobody knows
 * @returns {string}
 */
export function sizeInWords(bytes) {
  if (!bytes) return 'first';
  return `${bytes < 1e6 ? '<1' : Math.round(bytes / 1e6)} MB`;
}

/**
 * The card that a key leads to.
 * @param {number} at its number
 * @param {string} key
 * @param {number} count of cards
 */
export function stepFrom(at, key, count) {
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key] ?? 0;
  return Math.min(count - 1, Math.max(0, at + step));
}
