// @ts-check
// Finds the alpha that somebody likes best from comparisons of two, by Bayes' rule: the chance that one of two is
// preferred grows with how much nearer it is to the best one (Bradley and Terry, Biometrika 1952, along a line).

const STEPS = 20;
/** How surely the nearer of two is preferred; a distance of a tenth decides in three of four cases. */
const SHARPNESS = 11;
/** Two alphas nearer to each other than this can hardly be told apart. */
const LEAST_APART = 0.2;
const LIKELY = 0.8;

/** @typedef {readonly [number, number]} Pair two alphas */
/** @typedef {'first' | 'second' | 'equal'} Answer */

export class Preference {
  /** How likely each alpha of the grid is the best one. */
  #chances = grid().map(() => 1 / (STEPS + 1));

  /**
   * @param {Pair} pair that was compared
   * @param {Answer} answer
   */
  learn(pair, answer) {
    this.#chances = normalized(this.#chances.map((chance, index) => chance * likelihood(grid()[index], pair, answer)));
  }

  /**
   * The comparison that tells the most.
   * @param {readonly number[]} alphas that can be shown at once
   * @returns {Pair}
   */
  next(alphas) {
    /** @type {Pair} */
    let best = [alphas[0], alphas[alphas.length - 1]];
    let least = Infinity;
    for (const first of alphas) {
      for (const second of alphas) {
        if (second - first < LEAST_APART) continue;
        const left = this.#entropyAfter([first, second]);
        if (left < least - 1e-9) [best, least] = [[first, second], left];
      }
    }
    return best;
  }

  /** What is known: the mean, and the smallest range that holds it in four of five cases. */
  get estimate() {
    const alphas = grid();
    const mean = this.#chances.reduce((sum, chance, index) => sum + chance * alphas[index], 0);
    const order = alphas.map((_, index) => index).sort((one, other) => this.#chances[other] - this.#chances[one]);
    let sum = 0;
    const likely = order.filter((index) => {
      const needed = sum < LIKELY;
      sum += this.#chances[index];
      return needed;
    });
    return { alpha: mean, low: alphas[Math.min(...likely)], high: alphas[Math.max(...likely)] };
  }

  /** @param {Pair} pair */
  #entropyAfter(pair) {
    let sum = 0;
    for (const answer of /** @type {const} */ (['first', 'second'])) {
      const joint = this.#chances.map((chance, index) => chance * likelihood(grid()[index], pair, answer));
      const total = joint.reduce((all, chance) => all + chance, 0);
      sum += total * entropy(normalized(joint));
    }
    return sum;
  }
}

function grid() {
  return Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
}

/**
 * @param {number} best
 * @param {Pair} pair
 * @param {Answer} answer
 */
function likelihood(best, [first, second], answer) {
  const lead = Math.abs(second - best) - Math.abs(first - best);
  const chance = 1 / (1 + Math.exp(-SHARPNESS * lead));
  if (answer === 'equal') return 4 * chance * (1 - chance) + 0.02;
  return answer === 'first' ? chance : 1 - chance;
}

/** @param {readonly number[]} chances */
function normalized(chances) {
  const total = chances.reduce((sum, chance) => sum + chance, 0);
  return chances.map((chance) => chance / total);
}

/** @param {readonly number[]} chances */
function entropy(chances) {
  return chances.reduce((sum, chance) => sum - (chance > 0 ? chance * Math.log(chance) : 0), 0);
}
