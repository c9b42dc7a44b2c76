// @ts-check
// What was done to a mask, step by step. A step keeps the difference that it made, so that it can be undone and redone.

/** @typedef {import('./brush.js').Levels} Levels */
/** @typedef {import('../../lib/protocol.js').Region} Region */
/** @typedef {{ position: number, isOn: boolean }} MaskState position: how many steps led to it; isOn: whether it applies */
/** @typedef {{ other: Levels, isOn: boolean }} Exchange the mask before or after, where its size changed */
/** @typedef {{ box: Region, bits: Uint8Array, isOn: boolean }} Change bits: the levels before, XOR those after */

/** Of all steps together. A stroke across all of the largest mask takes a quarter of a million. */
const MAX_BYTES = 8_000_000;

export class MaskSteps {
  /** The steps that are known, those undone last. @type {(Exchange | Change)[]} */
  #steps = [];
  /** @type {MaskState} */
  #oldest = { position: 0, isOn: false };
  #position = 0;

  /** @param {number} [maxBytes] the oldest steps beyond it are forgotten */
  constructor(maxBytes = MAX_BYTES) {
    this.maxBytes = maxBytes;
  }

  /** Grows with every step, and goes back with undone ones. */
  get position() { return this.#position; }

  /** Another mask: no step leads to it. */
  restart() {
    this.#position = this.#oldest.position + this.#steps.length + 1;
    this.#oldest = { position: this.#position, isOn: false };
    this.#steps = [];
  }

  /**
   * Add a step; those that were undone are forgotten.
   * @param {Levels} before
   * @param {Levels} after
   * @param {boolean} isOn whether the mask applies after it
   */
  record(before, after, isOn) {
    const step = differenceOf(before, after);
    if (!step) return;
    this.#steps.length = this.#position - this.#oldest.position;
    this.#steps.push({ ...step, isOn });
    this.#position += 1;
    while (this.#steps.length > 1 && this.bytes > this.maxBytes) {
      const [{ isOn: isOnThen }] = this.#steps.splice(0, 1);
      this.#oldest = { position: this.#oldest.position + 1, isOn: isOnThen };
    }
  }

  /** What all steps take. */
  get bytes() {
    return this.#steps.reduce((sum, step) => sum + ('bits' in step ? step.bits : step.other.levels).length, 0);
  }

  /**
   * @param {MaskState} state
   * @returns {MaskState} the same, or the oldest one that is known
   */
  known(state) {
    return state.position < this.#oldest.position ? this.#oldest : state;
  }

  /**
   * Undo or redo steps.
   * @param {Levels} mask as it is now; its levels may be changed
   * @param {number} position
   * @returns {Levels} as it was or will be there
   */
  go(mask, position) {
    const first = this.#oldest.position;
    const wanted = Math.min(first + this.#steps.length, Math.max(first, position));
    let current = mask;
    while (this.#position > wanted) current = exchange(this.#steps[--this.#position - first], current);
    while (this.#position < wanted) current = exchange(this.#steps[this.#position++ - first], current);
    return current;
  }
}

/**
 * @param {Levels} before
 * @param {Levels} after
 * @returns {Omit<Exchange, 'isOn'> | Omit<Change, 'isOn'> | null} null where they are the same
 */
function differenceOf(before, after) {
  if (before.width !== after.width || before.height !== after.height) return { other: before };
  const box = changedBox(before, after);
  if (!box) return null;
  const bits = new Uint8Array(box.width * box.height);
  let at = 0;
  forEachIn(box, after.width, (index) => { bits[at++] = before.levels[index] ^ after.levels[index]; });
  return { box, bits };
}

/**
 * Undo a step, or do it again: both are the same.
 * @param {Exchange | Change} step
 * @param {Levels} mask
 * @returns {Levels}
 */
function exchange(step, mask) {
  if ('other' in step) {
    const { other } = step;
    step.other = mask;
    return other;
  }
  let at = 0;
  forEachIn(step.box, mask.width, (index) => { mask.levels[index] ^= step.bits[at++]; });
  return mask;
}

/**
 * @param {Levels} before
 * @param {Levels} after of the same size
 * @returns {Region | null} the smallest one with all changes
 */
function changedBox({ width, height, levels }, after) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (levels[row * width + column] === after.levels[row * width + column]) continue;
      left = Math.min(left, column);
      right = Math.max(right, column);
      top = Math.min(top, row);
      bottom = row;
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * @param {Region} box
 * @param {number} width of the mask
 * @param {(index: number) => void} act
 */
function forEachIn({ left, top, width: columns, height: rows }, width, act) {
  for (let row = top; row < top + rows; row++) {
    for (let column = left; column < left + columns; column++) act(row * width + column);
  }
}
