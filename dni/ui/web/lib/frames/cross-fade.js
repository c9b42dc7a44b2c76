// @ts-check
// Which frames stand for a mix until its own is there, with which weights, and how good that is.

/** @typedef {import('./keyframe-cache.js').KeyframeCache} KeyframeCache */

/**
 * `exact`: the mix's own frame; `preview`: a cross-fade of frames as close as keyframes are; `waiting`: less.
 * @typedef {'exact' | 'preview' | 'waiting'} FrameState
 */

/**
 * Frames with weights that sum to 1, to be drawn as their weighted mean.
 * @typedef {{ parts: [frame: ImageBitmap, weight: number][], state: FrameState }} CrossFade
 */

const NEAR = 1e-6;
// Cross-fades that are estimated to be worse than this PSNR in dB get a keyframe more.
const REFINE_BELOW = 46;

/**
 * @param {KeyframeCache} cache
 * @param {readonly number[]} shares
 * @returns {CrossFade}
 */
export function crossFade(cache, shares) {
  const own = cache.get(shares);
  if (own) return { parts: [[own, 1]], state: 'exact' };
  return cache.space.kind === 'line' ? fadeOnLine(cache, shares[1]) : fadeOnGrid(cache, shares);
}

/**
 * Between the nearest known frames on both sides, also where they are far apart.
 * @param {KeyframeCache} cache
 * @param {number} alpha
 * @returns {CrossFade}
 */
function fadeOnLine(cache, alpha) {
  let [low, high] = [-Infinity, Infinity];
  for (const { shares: [, known] } of cache.frames.values()) {
    if (known <= alpha) low = Math.max(low, known);
    if (known >= alpha) high = Math.min(high, known);
  }
  const [below, above] = [low, high].map((at) => (Number.isFinite(at) ? cache.get([1 - at, at]) : null));
  if (!below || !above) {
    const nearest = below ?? above;
    return { parts: nearest ? [[nearest, 1]] : [], state: 'waiting' };
  }
  const weight = (alpha - low) / (high - low);
  const close = high - low <= cache.spacing + NEAR && low >= -NEAR && high <= 1 + NEAR;
  return { parts: [[below, 1 - weight], [above, weight]], state: close ? 'preview' : 'waiting' };
}

/**
 * Between the nodes around the mix, once all of them are there.
 * @param {KeyframeCache} cache
 * @param {readonly number[]} shares
 * @returns {CrossFade}
 */
function fadeOnGrid(cache, shares) {
  const around = cache.space.holds(shares) ? cache.space.around(shares).filter(([, weight]) => weight > NEAR) : [];
  /** @type {CrossFade['parts']} */
  const parts = [];
  for (const [node, weight] of around) {
    const frame = cache.get(node);
    if (frame) parts.push([frame, weight]);
  }
  if (around.length && parts.length === around.length) return { parts, state: 'preview' };
  const nearest = cache.nearest(shares);
  return { parts: nearest ? [[nearest, 1]] : [], state: 'waiting' };
}

/**
 * The shares of keyframes to add to a complete line.
 * @param {KeyframeCache} cache
 * @param {(frame: ImageBitmap) => ArrayLike<number>} pixels RGBA bytes of a part of a frame
 * @returns {number[][]}
 */
export function refine(cache, pixels) {
  const alphas = cache.space.nodes.map(([, alpha]) => alpha);
  const frames = cache.space.nodes.map((node) => cache.get(node)).filter((frame) => frame !== null);
  return refinements(alphas, frames.map(pixels), REFINE_BELOW).map((alpha) => [1 - alpha, alpha]);
}

/**
 * Keyframes to add on a line where cross-fading is worst, as alphas: the middles of the intervals. A keyframe
 * against the mean of its neighbours shows the curvature over twice the spacing; the error in the middle of one
 * interval is a quarter of it.
 * @param {readonly number[]} alphas of the keyframes, in rising order
 * @param {readonly ArrayLike<number>[]} pixels RGBA bytes of the same part of each keyframe
 * @param {number} leastPsnr in dB; intervals whose estimated PSNR is lower are halved
 * @returns {number[]} in rising order
 */
export function refinements(alphas, pixels, leastPsnr) {
  const chosen = new Set();
  for (let i = 1; i + 1 < alphas.length; i++) {
    if (fadePsnr(pixels[i - 1], pixels[i], pixels[i + 1]) >= leastPsnr) continue;
    for (const other of [i - 1, i + 1]) chosen.add(Number(((alphas[i] + alphas[other]) / 2).toFixed(4)));
  }
  return [...chosen].sort((one, other) => one - other);
}

/**
 * The estimated PSNR of a cross-fade in the middle between a keyframe and its neighbour, in dB.
 * @param {ArrayLike<number>} before RGBA bytes
 * @param {ArrayLike<number>} middle
 * @param {ArrayLike<number>} after
 */
function fadePsnr(before, middle, after) {
  let sum = 0;
  for (let n = 0; n < middle.length; n++) {
    const bend = middle[n] - (before[n] + after[n]) / 2;
    sum += bend * bend;
  }
  // The opacity bytes, a quarter of all, are equal and do not count.
  const error = sum / (0.75 * middle.length) / 16;
  return 10 * Math.log10((255 * 255) / error);
}
