// @ts-check
// What can be undone and done again. States are plain values; the same state twice is one.

const MAX_STATES = 200;

/** @template State */
export class History {
  /** As JSON, the current one last. @type {string[]} */
  #past = [];
  /** The next one last. @type {string[]} */
  #future = [];

  get canUndo() { return this.#past.length > 1; }
  get canRedo() { return this.#future.length > 0; }

  /**
   * Forget everything and start here.
   * @param {State} state
   */
  open(state) {
    this.#past = [JSON.stringify(state)];
    this.#future = [];
  }

  /** @param {State} state after something was changed */
  record(state) {
    const text = JSON.stringify(state);
    if (text === this.#past.at(-1)) return;
    this.#past.push(text);
    this.#future = [];
    if (this.#past.length > MAX_STATES) this.#past.shift();
  }

  /**
   * What was kept became something else; what is the same as its neighbour then is one.
   * @param {(state: State) => State} change
   */
  revise(change) {
    const at = this.#past.length - 1;
    const all = [...this.#past, ...this.#future.reverse()].map((text) => JSON.stringify(change(JSON.parse(text))));
    this.#past = withoutRepeats(all.slice(0, at + 1));
    this.#future = withoutRepeats(all.slice(Math.max(0, at))).slice(1).reverse();
  }

  /** @returns {State | null} what it was before; null where nothing is */
  undo() {
    if (!this.canUndo) return null;
    this.#future.push(/** @type {string} */ (this.#past.pop()));
    return JSON.parse(/** @type {string} */ (this.#past.at(-1)));
  }

  /** @returns {State | null} */
  redo() {
    const next = this.#future.pop();
    if (next === undefined) return null;
    this.#past.push(next);
    return JSON.parse(next);
  }
}

/** @param {readonly string[]} texts */
const withoutRepeats = (texts) => texts.filter((text, index) => text !== texts[index - 1]);

/**
 * @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>} event
 * @returns {'undo' | 'redo' | null} what its keys mean
 */
export function historyKey({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  if (!(ctrlKey || metaKey) || altKey) return null;
  if (key.toLowerCase() === 'z') return shiftKey ? 'redo' : 'undo';
  return key.toLowerCase() === 'y' && !shiftKey ? 'redo' : null;
}
