// @ts-check
// The brush: how large it is, where a stroke puts its dabs, and how one dab changes a mask's levels.

/** @typedef {{ width: number, height: number }} Size */
/** @typedef {{ x: number, y: number }} Point in pixels of the picture */
/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box in pixels of the picture */
/** @typedef {{ width: number, height: number, levels: Uint8ClampedArray }} Levels row by row; 255 is the mix */

/**
 * @typedef {object} Brush
 * @property {number} radius in pixels of the picture
 * @property {number} softness 0: hard to the edge; 1: fading from the middle on
 * @property {number} strength of the middle, from 0 to 1
 * @property {boolean} erase
 */

const SMALLEST_RADIUS = 0.6;
/** A hard brush fades over the last hundredth of its radius. */
const HARDEST = 0.99;

/**
 * The radius for a slider from 0 to 100; it grows with the square, to be fine at the small end.
 * @param {number} slider
 * @param {Size} picture
 */
export function brushRadius(slider, { width, height }) {
  return Math.max(SMALLEST_RADIUS, ((slider / 100) ** 2 * Math.max(width, height)) / 2);
}

/**
 * Where dabs follow each other along a piece of a stroke, without its first point.
 * @param {Point} from
 * @param {Point} to
 * @param {number} radius
 * @returns {Point[]}
 */
export function dabsBetween(from, to, radius) {
  const step = Math.max(0.5, radius / 4);
  const count = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / step));
  return Array.from({ length: count }, (_, index) => {
    const part = (index + 1) / count;
    return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
  });
}

/**
 * How much of the brush's strength is left at a distance from its middle.
 * @param {number} distance as a part of the radius
 * @param {number} softness
 * @returns {number} from 1 in the middle to 0 at the radius
 */
export function falloff(distance, softness) {
  const inner = Math.min(HARDEST, 1 - softness);
  return Math.min(1, Math.max(0, (1 - distance) / (1 - inner)));
}

/**
 * Paint one dab; where dabs meet, the stronger one stays.
 * @param {Levels} mask over the whole picture, of any size; changed in place
 * @param {Size} picture
 * @param {Point} middle
 * @param {Brush} brush
 * @returns {Box} what changed, with the neighbours that bilinear enlargement changes too
 */
export function paintDab({ width, height, levels }, picture, middle, brush) {
  const [across, down] = [width / picture.width, height / picture.height];
  const radius = Math.max(0.5 / across, brush.radius);
  const [firstColumn, lastColumn] = cellsWithin(middle.x, radius, across, width);
  const [firstRow, lastRow] = cellsWithin(middle.y, radius, down, height);
  for (let row = firstRow; row <= lastRow; row++) {
    const dy = (row + 0.5) / down - middle.y;
    for (let column = firstColumn; column <= lastColumn; column++) {
      const dx = (column + 0.5) / across - middle.x;
      const painted = 255 * brush.strength * falloff(Math.sqrt(dx * dx + dy * dy) / radius, brush.softness);
      const index = row * width + column;
      levels[index] = brush.erase ? Math.min(levels[index], 255 - painted) : Math.max(levels[index], painted);
    }
  }
  const [beside, above] = [radius + 2 / across, radius + 2 / down];
  return { left: middle.x - beside, top: middle.y - above, right: middle.x + beside, bottom: middle.y + above };
}

/**
 * The first and the last of a mask's columns, or rows, whose middle can lie within a radius.
 * @param {number} middle in pixels of the picture
 * @param {number} radius in pixels of the picture
 * @param {number} units pixels of the mask for one of the picture
 * @param {number} size of the mask
 */
function cellsWithin(middle, radius, units, size) {
  const first = Math.max(0, Math.ceil((middle - radius) * units - 0.5));
  const last = Math.min(size - 1, Math.floor((middle + radius) * units - 0.5));
  return [first, last];
}
