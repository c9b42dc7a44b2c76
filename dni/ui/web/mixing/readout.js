// @ts-check
// What the page says of the frames: in words, and in the canvas's data.

/** @typedef {import('../lib/frames/frame-grid.js').FrameGrid} FrameGrid */

/**
 * The mix, and how long its frame took.
 * @param {readonly string[]} labels of the ends
 * @param {FrameGrid} grid
 */
export function readout(labels, { shares: [, alpha], timing }) {
  const mix = labels.length === 2 ? `alpha ${alpha.toFixed(2)}` : `${labels.length} networks`;
  return timing ? `${mix} · ${timing}` : mix;
}

/**
 * How many frames there are, and how many keyframes are missing.
 * @param {HTMLCanvasElement} canvas
 * @param {FrameGrid} grid
 */
export function showFrames(canvas, grid) {
  canvas.dataset.frames = String(grid.cache?.frames.size ?? 0);
  canvas.dataset.missing = String(grid.missing().length);
}
