// @ts-check
// What the cards say, without a page.

/**
 * @param {number} bytes 0 if nobody knows
 * @returns {string}
 */
export function sizeInWords(bytes) {
  if (!bytes) return '(size unknown)';
  return `${bytes < 1e6 ? '<1' : Math.round(bytes / 1e6)} MB`;
}
