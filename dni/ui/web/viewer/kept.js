// @ts-check
// The alphas that a person keeps, and what there is to compare with, without a page.

const LETTERS = ['A', 'B', 'C'];

/** At most three; a fourth takes the place of the first that was kept. */
export class Kept {
  /** @type {{ alpha: number, letter: string }[]} */
  #known = [];

  get alphas() { return this.#known.map(({ alpha }) => alpha); }

  /** @param {number} index */
  letter(index) { return this.#known[index].letter; }

  /** @param {number} alpha */
  add(alpha) {
    if (this.#known.some((known) => known.alpha === alpha)) return;
    const free = LETTERS.find((letter) => !this.#known.some((known) => known.letter === letter));
    const letter = free ?? this.#known[0].letter;
    this.#known = [...this.#known.filter((known) => known.letter !== letter), { alpha, letter }];
  }
}

/**
 * What there is to compare with: values and texts of options.
 * @param {{ scale: number, labels: readonly string[] }} scene
 * @param {readonly number[]} kept alphas
 * @returns {[value: string, text: string][]}
 */
export function choices({ scale, labels: [first, second] }, kept) {
  return [
    // Where nothing is enlarged, bicubic interpolation gives the picture itself.
    ['before', scale === 1 ? 'the original' : 'bicubic'],
    ['0', first],
    ['1', second],
    ...kept.filter((alpha) => alpha > 0 && alpha < 1)
      .map((alpha) => /** @type {[string, string]} */ ([String(alpha), `alpha ${alpha.toFixed(2)}`])),
  ];
}
