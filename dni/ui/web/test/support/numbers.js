// @ts-check
// Numbers that look random and are the same in every run, and comparisons of lists of numbers.

import assert from 'node:assert/strict';

/**
 * Numbers from 0 to 1 (Park and Miller's generator, CACM 1988).
 * @param {number} seed
 * @returns {() => number}
 */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/**
 * Mixes between the ends.
 * @param {number} numEnds
 * @param {number} count
 * @returns {number[][]}
 */
export function randomMixes(numEnds, count) {
  const next = randomNumbers(numEnds);
  return Array.from({ length: count }, () => {
    const parts = Array.from({ length: numEnds }, () => -Math.log(next()));
    const sum = parts.reduce((total, part) => total + part, 0);
    return parts.map((part) => part / sum);
  });
}

/**
 * @param {ArrayLike<number>} actual
 * @param {ArrayLike<number>} expected
 * @param {number} tolerance
 */
export function assertClose(actual, expected, tolerance = 1e-9) {
  assert.equal(actual.length, expected.length);
  for (let index = 0; index < actual.length; index++) {
    const away = Math.abs(actual[index] - expected[index]);
    assert.ok(away <= tolerance, `${actual[index]} is not ${expected[index]} at ${index} of ${Array.from(actual)}`);
  }
}
