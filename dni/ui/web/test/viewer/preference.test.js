// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { resultText } from '../../viewer/blind-test.js';
import { Preference } from '../../viewer/preference.js';

const ALPHAS = Array.from({ length: 11 }, (_, step) => step / 10);

/**
 * Ten answers of somebody who always prefers the nearer one.
 * @param {number} best
 */
function asked(best) {
  const preference = new Preference();
  for (let number = 0; number < 10; number++) {
    const pair = preference.next(ALPHAS);
    const [first, second] = pair.map((alpha) => Math.abs(alpha - best));
    preference.learn(pair, first === second ? 'equal' : first < second ? 'first' : 'second');
  }
  return preference.estimate;
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

test('what cannot be told apart is not compared, and the first question is the widest', () => {
  const preference = new Preference();
  const [first, second] = preference.next(ALPHAS);
  assert.ok(second - first >= 0.2);
  assert.ok(Math.abs((first + second) / 2 - 0.5) < 0.11);
});

test('the result says the alpha and its range', () => {
  assert.match(resultText({ alpha: 0.431, low: 0.3, high: 0.55 }), /0\.43.*between 0\.30 and 0\.55/);
});
