// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { resultText } from '../../viewer/blind-test.js';
import { Preference } from '../../viewer/preference.js';

const ALPHAS = Array.from({ length: 11 }, (_, step) => step / 10);

/** @typedef {import('../../viewer/preference.js').Answer} Answer */
/** @typedef {import('../../viewer/preference.js').Pair} Pair */

/**
 * What ten answers tell.
 * @param {(number: number, pair: Pair) => Answer} answer
 */
function answered(answer) {
  const preference = new Preference();
  for (let number = 0; number < 10; number++) {
    const pair = preference.next(ALPHAS);
    preference.learn(pair, answer(number, pair));
  }
  return preference.estimate;
}

/**
 * Ten answers of somebody who always prefers the nearer one.
 * @param {number} best
 */
function asked(best) {
  return answered((_, pair) => {
    const [first, second] = pair.map((alpha) => Math.abs(alpha - best));
    return first === second ? 'equal' : first < second ? 'first' : 'second';
  });
}

test('ten comparisons find what somebody likes best, and say how surely', () => {
  for (const best of [0, 0.15, 0.33, 0.5, 0.72, 0.9, 1]) {
    const { alpha, low, high } = asked(best);
    assert.ok(Math.abs(alpha - best) < 0.09, `${alpha} for ${best}`);
    assert.ok(low <= best + 0.05 && best - 0.05 <= high, `${low} to ${high} for ${best}`);
    assert.ok(high - low < 0.35);
  }
});

test('before any answer everything is likely, and contradictions widen the range', () => {
  const fresh = new Preference().estimate;
  assert.ok(Math.abs(fresh.alpha - 0.5) < 1e-9);
  assert.ok(fresh.high - fresh.low > 0.7);
  const torn = new Preference();
  for (const answer of /** @type {const} */ (['first', 'second'])) torn.learn([0, 1], answer);
  assert.ok(Math.abs(torn.estimate.alpha - 0.5) < 1e-9);
});

test('whoever sees no difference learns that, and nothing of an alpha', () => {
  const preference = answered(() => 'equal');
  assert.ok(preference.high - preference.low > 0.7, `${preference.low} to ${preference.high}`);
  assert.equal(resultText(preference), 'You saw no difference: any alpha will do.');
});

test('answers by chance leave a wide range', () => {
  // Which alpha the second button shows is chance, so always choosing it is chance too.
  const orders = Array.from({ length: 32 }, (_, order) => (order * 331) % 1024);
  const results = orders.map((order) => answered((number) => ((order >> number) & 1 ? 'first' : 'second')));
  const wide = results.filter(({ low, high }) => high - low > 0.5);
  assert.ok(wide.length > 0.75 * results.length, `${wide.length} of ${results.length}`);
  const told = results.filter((result) => resultText(result).includes('contradict each other'));
  assert.ok(told.length > 0.6 * results.length, `${told.length} of ${results.length}`);
});

test('whoever calls near ones equal is understood all the same', () => {
  for (const best of [0.2, 0.5, 0.65]) {
    const { alpha, low, high } = answered((_, [first, second]) => {
      const lead = Math.abs(second - best) - Math.abs(first - best);
      return Math.abs(lead) < 0.25 ? 'equal' : lead > 0 ? 'first' : 'second';
    });
    assert.ok(Math.abs(alpha - best) < 0.1, `${alpha} for ${best}`);
    assert.ok(high > low && high - low < 0.35, `${low} to ${high} for ${best}`);
  }
});

test('what cannot be told apart is not compared, and the first question is the widest', () => {
  const preference = new Preference();
  const [first, second] = preference.next(ALPHAS);
  assert.ok(second - first >= 0.2);
  assert.ok(Math.abs((first + second) / 2 - 0.5) < 0.11);
});

test('the result says the alpha and its range', () => {
  assert.match(resultText({ alpha: 0.431, low: 0.3, high: 0.55, unseen: 0.1, guessed: 0.1 }), /0\.43.*between 0\.30 and 0\.55/);
});
