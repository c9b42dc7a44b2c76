// @ts-check
// The marks below the slider that say which keyframes are there.

/** @typedef {import('../lib/frames/keyframe-cache.js').KeyframeCache} KeyframeCache */
/** @typedef {import('../lib/frames/spaces.js').MixSpace} MixSpace */

export class KeyframeDots {
  /**
   * @param {HTMLElement} row
   * @param {MixSpace} space
   */
  constructor(row, space) {
    this.row = row;
    this.space = space;
    row.replaceChildren(...space.nodes.map(([, alpha]) => dotAt(alpha)));
  }

  /** @param {KeyframeCache | null} cache */
  show(cache) {
    this.space.nodes.forEach((node, index) => {
      this.row.children[index]?.classList.toggle('there', cache?.has(node) ?? false);
    });
  }
}

/** @param {number} alpha */
function dotAt(alpha) {
  const dot = document.createElement('i');
  dot.style.left = `${alpha * 100}%`;
  dot.dataset.key = String(alpha);
  return dot;
}
