// The frames of one region of one picture, for one choice of networks and layers: by their shares, as JPEGs
// arrive. What surrounds a mix is cross-faded until its own frame is there. Nothing here draws or fetches.

const MAX_BOARD_FRAMES = 80;

class Board {
  constructor(scene, region, space, layers) {
    this.scene = scene;
    this.region = region;
    this.space = space;
    this.layers = layers;       // how much of the mix each group of layers gets, by name
    this.frames = new Map();    // key of the shares -> bitmap
    this.masked = new Map();    // key and mask -> bitmap, exact frames of painted mixes
    this.pixels = new Map();    // key -> the frame's bytes, for painting
    this.nodeKeys = new Set(space.nodes.map(keyOf));
    this.outside = null;        // the frame of the mix outside of the mask, where that is not the first end
    this.before = null;
    this.closed = false;
    this.failed = false;
  }

  has(shares) { return this.frames.has(keyOf(shares)); }

  add(shares, bitmap) {
    const key = keyOf(shares);
    this.frames.get(key)?.close();
    this.pixels.delete(key);
    this.frames.set(key, bitmap);
    for (const [old, frame] of this.frames) {
      if (this.frames.size <= MAX_BOARD_FRAMES) break;
      if (old === key || this.nodeKeys.has(old)) continue;
      frame.close();
      this.frames.delete(old);
    }
  }

  addMasked(key, bitmap) {
    for (const old of this.masked.values()) old.close();
    this.masked = new Map([[key, bitmap]]);
  }

  // [bitmap, weight] pairs whose weighted mean stands for the mix, and how good that is.
  mixture(shares) {
    const own = this.frames.get(keyOf(shares));
    if (own) return { parts: [[own, 1]], state: 'exact' };
    const around = plain(shares) ? this.space.around(shares).filter(([, weight]) => weight > NEAR) : [];
    const parts = around.map(([node, weight]) => [this.frames.get(keyOf(node)), weight]);
    if (parts.length && parts.every(([frame]) => frame)) return { parts, state: 'preview' };
    const nearest = this.nearest(shares);
    return { parts: nearest ? [[nearest, 1]] : [], state: 'waiting' };
  }

  nearest(shares) {
    let best = null;
    let least = Infinity;
    for (const [key, frame] of this.frames) {
      const distance = key.split(' ').reduce((sum, share, i) => sum + (share - shares[i]) ** 2, 0);
      if (distance < least) { least = distance; best = frame; }
    }
    return best;
  }

  // Nodes still to fetch, those around the thumb first.
  missing(shares) {
    const distance = (node) => node.reduce((sum, share, i) => sum + (share - shares[i]) ** 2, 0);
    return this.space.nodes
      .filter((node) => !this.has(node))
      .sort((one, other) => distance(one) - distance(other));
  }

  // The bytes of a frame that is there.
  bytes(shares) {
    const key = keyOf(shares);
    if (!this.pixels.has(key)) {
      const frame = this.frames.get(key);
      if (!frame) return null;
      const context = new OffscreenCanvas(frame.width, frame.height).getContext('2d', { willReadFrequently: true });
      context.drawImage(frame, 0, 0);
      this.pixels.set(key, context.getImageData(0, 0, frame.width, frame.height));
    }
    return this.pixels.get(key);
  }

  close() {
    this.closed = true;
    for (const bitmap of [...this.frames.values(), ...this.masked.values()]) bitmap.close();
    this.before?.close();
    this.outside?.close();
    this.frames.clear();
    this.masked.clear();
    this.pixels.clear();
  }
}
