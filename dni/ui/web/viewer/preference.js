// @ts-check
// Finds the alpha that somebody likes best from comparisons of two, by Bayes' rule: the chance that one of two is
// preferred grows with how much nearer it is to the best one (Bradley and Terry, Biometrika 1952, along a line), and
// neither is where they do not differ by enough (Rao and Kupper, Journal of the American Statistical Association 1967).
// How sharply the person sees is learned too, down to not at all: else chance answers would look like a taste.

const STEPS = 20;
/** How surely the nearer of two is preferred; at 12, a distance of a tenth decides in three of four cases. */
const SHARPNESSES = [0, 4, 12];
/** How much nearer one must be, in units of the answer's noise, before the person says so. */
const CAUTIONS = [0.5, 3];
/** Two alphas nearer to each other than this can hardly be told apart. */
const LEAST_APART = 0.2;
const LIKELY = 0.8;

/** @typedef {readonly [number, number]} Pair two alphas */
/** @typedef {'first' | 'second' | 'equal'} Answer */
/** @typedef {{ best: number, sharpness: number, caution: number }} Person what somebody may be like */
/**
 * @typedef {object} Estimate
 * @property {number} alpha the mean
 * @property {number} low and high: the smallest range that holds the best one in four of five cases
 * @property {number} high
 * @property {number} unseen the chance that no difference is seen, and that this is said
 * @property {number} guessed the chance that none is seen, and that one is preferred all the same
 */

const GRID = Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
/** @type {readonly Person[]} */
const PEOPLE = GRID.flatMap((best) => SHARPNESSES.flatMap((sharpness) => (
  CAUTIONS.map((caution) => ({ best, sharpness, caution }))
)));
/** @type {readonly Answer[]} */
const ANSWERS = ['first', 'second', 'equal'];

export class Preference {
  /** How likely each of the people is. Whether a difference is seen at all is as likely as not. */
  #chances = normalized(PEOPLE.map(({ sharpness }) => (sharpness ? 1 / (SHARPNESSES.length - 1) : 1)));

  /**
   * @param {Pair} pair that was compared
   * @param {Answer} answer
   */
  learn(pair, answer) {
    this.#chances = normalized(this.#after(pair, answer));
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

  /** @returns {Estimate} what is known */
  get estimate() {
    const chances = GRID.map((alpha) => this.#chanceOf(({ best }) => best === alpha));
    const order = GRID.map((_, index) => index).sort((one, other) => chances[other] - chances[one]);
    let sum = 0;
    const likely = order.filter((index) => {
      const needed = sum < LIKELY;
      sum += chances[index];
      return needed;
    });
    // A point of the grid stands for what is nearest to it.
    const half = 0.5 / STEPS;
    return {
      alpha: chances.reduce((mean, chance, index) => mean + chance * GRID[index], 0),
      low: Math.max(0, GRID[Math.min(...likely)] - half),
      high: Math.min(1, GRID[Math.max(...likely)] + half),
      unseen: this.#chanceOf(({ sharpness, caution }) => !sharpness && caution > 1),
      guessed: this.#chanceOf(({ sharpness, caution }) => !sharpness && caution < 1),
    };
  }

  /** @param {(person: Person) => boolean} isMeant */
  #chanceOf(isMeant) {
    return this.#chances.reduce((sum, chance, index) => sum + (isMeant(PEOPLE[index]) ? chance : 0), 0);
  }

  /**
   * The chances of the people who also give the answer.
   * @param {Pair} pair
   * @param {Answer} answer
   */
  #after(pair, answer) {
    return this.#chances.map((chance, index) => chance * likelihood(PEOPLE[index], pair, answer));
  }

  /** @param {Pair} pair */
  #entropyAfter(pair) {
    return ANSWERS.reduce((sum, answer) => {
      const joint = this.#after(pair, answer);
      return sum + total(joint) * entropy(normalized(joint));
    }, 0);
  }
}

/**
 * @param {Person} person
 * @param {Pair} pair
 * @param {Answer} answer
 */
function likelihood({ best, sharpness, caution }, [first, second], answer) {
  const lead = sharpness * (Math.abs(second - best) - Math.abs(first - best));
  const [isFirst, isSecond] = [logistic(lead - caution), logistic(-lead - caution)];
  if (answer === 'equal') return 1 - isFirst - isSecond;
  return answer === 'first' ? isFirst : isSecond;
}

/** @param {number} value */
const logistic = (value) => 1 / (1 + Math.exp(-value));

/** @param {readonly number[]} chances */
const total = (chances) => chances.reduce((sum, chance) => sum + chance, 0);

/** @param {readonly number[]} chances */
function normalized(chances) {
  const all = total(chances);
  return chances.map((chance) => chance / all);
}

/** @param {readonly number[]} chances */
function entropy(chances) {
  return chances.reduce((sum, chance) => sum - (chance > 0 ? chance * Math.log(chance) : 0), 0);
}
