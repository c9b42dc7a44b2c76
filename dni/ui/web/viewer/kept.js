// @ts-check
// The alphas that a person keeps, and what there is to compare with, without a page.

/** @typedef {{ alpha: number, letter: string }} KeptAlpha */

const LETTERS = ['A', 'B', 'C'];

/** At most three; a fourth takes the place of the first that was kept. */
export class Kept {
  /** @type {KeptAlpha[]} */
  #known = [];
  #last = '';

  /** @param {any} saved what `all` was before a reload; anything */
  constructor(saved = null) {
    for (const { alpha, letter } of Array.isArray(saved) ? saved : []) {
      if (LETTERS.includes(letter) && typeof alpha === 'number' && alpha >= 0 && alpha <= 1) this.#put(alpha, letter);
    }
  }

  /** With their letters. */
  get all() { return this.#known; }

  /**
   * @param {number} alpha
   * @returns {KeptAlpha | null} what it takes the place of
   */
  add(alpha) {
    if (this.#known.some((known) => known.alpha === alpha)) return null;
    const free = LETTERS.find((letter) => !this.#known.some((known) => known.letter === letter));
    const next = free ?? LETTERS[(LETTERS.indexOf(this.#last) + 1) % LETTERS.length];
    const replaced = this.#known.find(({ letter }) => letter === next) ?? null;
    this.#put(alpha, next);
    return replaced;
  }

  /**
   * @param {number} alpha
   * @param {string} letter
   */
  #put(alpha, letter) {
    this.#last = letter;
    this.#known = [...this.#known.filter((known) => known.letter !== letter), { alpha, letter }]
      .sort((one, other) => LETTERS.indexOf(one.letter) - LETTERS.indexOf(other.letter));
  }
}

/**
 * What there is to compare with: values and texts of options.
 * @param {{ scale: number, labels: readonly string[] }} scene
 * @param {readonly KeptAlpha[]} kept
 * @returns {[value: string, text: string][]}
 */
export function choices({ scale, labels: [first, second] }, kept) {
  return [
    // Where nothing is enlarged, bicubic interpolation gives the picture itself.
    ['before', scale === 1 ? 'the original' : 'bicubic'],
    ['0', first],
    ['1', second],
    ...kept.filter(({ alpha }) => alpha > 0 && alpha < 1)
      .map(({ alpha, letter }) => /** @type {[string, string]} */ ([String(alpha), `${letter} ${alpha.toFixed(2)}`])),
  ];
}
