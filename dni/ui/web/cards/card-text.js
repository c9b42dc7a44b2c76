// @ts-check
// What the cards say, without a page.

/**
 * @param {number} bytes 0 if nobody knows
 * @returns {string}
 */
export function downloadText(bytes) {
  if (!bytes) return 'download';
  return `download ${bytes < 1e6 ? '<1' : Math.round(bytes / 1e6)} MB`;
}
