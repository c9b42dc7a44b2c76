// @ts-check
// The picture under a mask, composed from frames of a line of mixes: at every pixel the two frames that are
// nearest to alpha times the mask, cross-faded. Pixels are bytes: red, green, blue, opacity.

/** @typedef {import('./brush.js').Box} Box */
/** @typedef {import('./brush.js').Size} Size */
/** @typedef {import('../../lib/protocol.js').Region} Region */

/**
 * How many of a line's frames, from its first on, a painted mix needs.
 * @param {number} alpha of the mix, from 0 to 1
 * @param {number} steps between the frames of the line
 */
export function framesNeeded(alpha, steps) {
  return Math.min(steps, Math.floor(alpha * steps + 1e-6) + 1) + 1;
}

/**
 * The pixels of a frame of a region that a box of the picture touches, or all of them without a box.
 * @param {Box | null} box
 * @param {Region} region
 * @param {Size} frame
 * @returns {Region} in pixels of the frame; its width or height is 0 or less where they do not meet
 */
export function touchedPart(box, region, { width, height }) {
  if (!box) return { left: 0, top: 0, width, height };
  const [across, down] = [width / region.width, height / region.height];
  const left = Math.max(0, Math.floor((box.left - region.left) * across));
  const top = Math.max(0, Math.floor((box.top - region.top) * down));
  const right = Math.min(width, Math.ceil((box.right - region.left) * across));
  const bottom = Math.min(height, Math.ceil((box.bottom - region.top) * down));
  return { left, top, width: right - left, height: bottom - top };
}

/**
 * Compose a part of a picture; where nothing is painted, it is the first frame.
 * @param {Uint8ClampedArray} result the picture, changed in place
 * @param {number} width of the picture
 * @param {Region} part of the picture
 * @param {readonly Uint8ClampedArray[]} frames of the line from its first on, as large as the picture
 * @param {Uint8ClampedArray} levels of the mask, one for each pixel of the part
 * @param {number} framesPerLevel how many frames further a level of the mask leads
 */
export function blendFrames(result, width, part, frames, levels, framesPerLevel) {
  const last = frames.length - 2;
  for (let row = 0; row < part.height; row++) {
    const start = 4 * ((part.top + row) * width + part.left);
    result.set(frames[0].subarray(start, start + 4 * part.width), start);
    for (let column = 0; column < part.width; column++) {
      const level = levels[row * part.width + column];
      if (!level) continue;
      const at = level * framesPerLevel;
      const low = Math.min(last, at | 0);
      const weight = at - low;
      const [below, above] = [frames[low], frames[low + 1]];
      const red = start + 4 * column;
      result[red] = below[red] + weight * (above[red] - below[red]);
      result[red + 1] = below[red + 1] + weight * (above[red + 1] - below[red + 1]);
      result[red + 2] = below[red + 2] + weight * (above[red + 2] - below[red + 2]);
    }
  }
}
