// The frames of one region of one picture through one pair: which alphas are there, which two are nearest,
// and which should come next. Pure bookkeeping; nothing here draws or fetches.

// Both ends first, then the middle, then outwards: any prefix of this order covers the slider evenly.
const KEYFRAMES = [0, 1, 0.5, 0.2, 0.8, 0.1, 0.9, 0.3, 0.7, 0.4, 0.6];
const KEYFRAME_STEP = 0.1;
const MAX_FRAMES = 64;
// An interval is refined when its cross-fade is estimated to be worse than this PSNR in dB.
const REFINE_BELOW = 46;
const REFINE_SIDE = 192;

const tidy = (alpha) => Number(alpha.toFixed(4));

class Strip {
  constructor(scene, region) {
    this.scene = scene;
    this.region = region;
    this.frames = new Map();
    this.before = null;
    this.refinements = null;
    this.closed = false;
  }

  has(alpha) { return this.frames.has(alpha); }

  add(alpha, bitmap) {
    this.frames.get(alpha)?.close();
    this.frames.set(alpha, bitmap);
    for (const old of this.frames.keys()) {
      if (this.frames.size <= MAX_FRAMES) break;
      if (old === alpha || KEYFRAMES.includes(old) || this.refinements?.includes(old)) continue;
      this.frames.get(old).close();
      this.frames.delete(old);
    }
  }

  // The nearest known alphas at or below and at or above; null where there is none.
  around(alpha) {
    let low = null;
    let high = null;
    for (const known of this.frames.keys()) {
      if (known <= alpha && (low === null || known > low)) low = known;
      if (known >= alpha && (high === null || known < high)) high = known;
    }
    return { low, high };
  }

  // Whether a cross-fade at this alpha is as good as the finished strip's.
  covers(alpha) {
    const { low, high } = this.around(alpha);
    return low !== null && high !== null && high - low <= KEYFRAME_STEP + 1e-6;
  }

  // Alphas still to fetch, most useful first.
  missing() {
    const keys = KEYFRAMES.filter((alpha) => !this.frames.has(alpha));
    if (keys.length) return keys;
    this.refinements ??= this.refine();
    return this.refinements.filter((alpha) => !this.frames.has(alpha));
  }

  // Midpoints of the intervals where cross-fading is worst. A keyframe against the mean of its neighbours
  // shows the curvature over twice the step; the error in the middle of one step is a quarter of it.
  refine() {
    const order = [...KEYFRAMES].sort((a, b) => a - b);
    const pixels = order.map((alpha) => this.centre(this.frames.get(alpha)));
    const chosen = new Set();
    for (let i = 1; i + 1 < order.length; i++) {
      let sum = 0;
      for (let n = 0; n < pixels[i].length; n++) {
        const bend = pixels[i][n] - (pixels[i - 1][n] + pixels[i + 1][n]) / 2;
        sum += bend * bend;
      }
      const error = sum / (0.75 * pixels[i].length) / 16;  // alpha bytes are equal and do not count
      if (10 * Math.log10(255 * 255 / error) >= REFINE_BELOW) continue;
      chosen.add(tidy((order[i - 1] + order[i]) / 2));
      chosen.add(tidy((order[i] + order[i + 1]) / 2));
    }
    return [...chosen];
  }

  centre(bitmap) {
    const side = Math.min(REFINE_SIDE, bitmap.width, bitmap.height);
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, -Math.floor((bitmap.width - side) / 2), -Math.floor((bitmap.height - side) / 2));
    return context.getImageData(0, 0, side, side).data;
  }

  close() {
    this.closed = true;
    for (const bitmap of this.frames.values()) bitmap.close();
    this.before?.close();
    this.frames.clear();
  }
}
