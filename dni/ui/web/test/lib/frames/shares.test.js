// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  clamped, describeMix, isInterpolation, keyOf, largestPercent, oneEnd, percents, rounded, taskShares, withShare,
} from '../../../lib/frames/shares.js';
import { assertClose, randomMixes } from '../../support/numbers.js';

const ENDS = [2, 3, 4, 7];

/** @param {readonly number[]} shares */
const sum = (shares) => shares.reduce((total, share) => total + share, 0);

describe('keys of mixes', () => {
  test('are the same for shares that are the same to four decimals', () => {
    assert.equal(keyOf([0.3, 0.7]), '0.3000 0.7000');
    assert.equal(keyOf([0.1 + 0.2, 0.7]), keyOf([0.3, 0.7]));
    assert.notEqual(keyOf([0.3001, 0.6999]), keyOf([0.3, 0.7]));
  });

  test('know no negative zero', () => {
    assert.equal(keyOf([1.00001, -0.00001]), keyOf([1, 0]));
    assert.equal(keyOf([1, 0]), '1.0000 0.0000');
  });
});

describe('rounding', () => {
  for (const numEnds of ENDS) {
    test(`keeps the sum 1 and stays between ${numEnds} ends`, () => {
      for (const mix of randomMixes(numEnds, 200)) {
        const shares = rounded([0, ...mix]);
        assert.equal(sum(shares.map((share) => Math.round(share * 1e4))), 1e4);
        assert.ok(isInterpolation(shares) && shares.every((share) => share >= 0));
        assertClose(shares, [0, ...mix], 5e-4);
        assert.deepEqual(rounded(shares), shares, 'once rounded, they stay');
      }
    });
  }

  test('gives the largest share what rounding leaves', () => {
    assertClose(rounded([1 / 3, 1 / 3, 1 / 3]), [0.3334, 0.3333, 0.3333]);
  });
});

describe('one share is set', () => {
  test('and the others keep their proportions', () => {
    assertClose(withShare([0.1, 0.2, 0.3, 0.4], 3, 0.7), [0.05, 0.1, 0.15, 0.7]);
  });

  test('and the others are alike where they were nothing', () => {
    assertClose(withShare([0, 0, 1], 2, 0.4), [0.3, 0.3, 0.4]);
  });

  test('beyond the ends, with the sum 1', () => {
    assertClose([sum(withShare([0.25, 0.25, 0.5], 0, 1.4))], [1]);
  });
});

test('clamping takes shares below 0 away', () => {
  assertClose(clamped([-0.5, 0.75, 0.75]), [0, 0.5, 0.5]);
  assertClose(clamped([-0.3, 1.3]), [0, 1]);
  assertClose(clamped([0.2, 0.8]), [0.2, 0.8]);
});

test('task arithmetic leaves the rest to the first end', () => {
  assertClose(taskShares([0.5, 0.75, -0.25]), [0, 0.5, 0.75, -0.25]);
  assert.deepEqual(taskShares([0, 0]), [1, 0, 0]);
});

test('a mix is an interpolation up to rounding', () => {
  assert.ok(isInterpolation([1 + 1e-9, -1e-9]));
  assert.ok(!isInterpolation([1.01, -0.01]));
  assert.ok(!isInterpolation([1.01]) && !isInterpolation([-0.01]));
});

test('one end alone', () => {
  assert.deepEqual(oneEnd(3, 1), [0, 1, 0]);
});

describe('per cents', () => {
  test('of a mix in one number are those of its largest share', () => {
    for (const [shares, percent] of /** @type {[number[], number][]} */ ([
      [[0.25, 0.25, 0.25, 0.25], 25], [[0, 1, 0], 100], [[0.304, 0.696], 70], [[-0.2, 0, 1.2, 0], 100],
    ])) assert.equal(largestPercent(shares), percent);
  });

  test('go up where rounding down cuts most', () => {
    assert.deepEqual(percents([0.333, 0.333, 0.334]), ['33 %', '33 %', '34 %']);
    assert.deepEqual(percents([0.006, 0.497, 0.497]), ['0 %', '50 %', '50 %']);
  });

  for (const numEnds of ENDS) {
    test(`of ${numEnds} ends sum to 100 and are off by less than 1`, () => {
      const beyond = [1.3, -0.3, ...Array.from({ length: numEnds - 2 }, () => 0)];
      for (const shares of [...randomMixes(numEnds, 200), beyond, oneEnd(numEnds, numEnds - 1)]) {
        const numbers = percents(shares).map((text) => Number(text.replace(' %', '')));
        assert.equal(sum(numbers), 100);
        assertClose(numbers, shares.map((share) => 100 * share), 1);
      }
    });
  }
});

describe('a mix in words', () => {
  const labels = ['smooth', 'sharp', 'real'];

  test('names what is not of the first network', () => {
    assert.equal(describeMix({ shares: [0.3, 0.7, 0] }, labels), '70 % sharp');
    assert.equal(describeMix({ shares: [0.2, 0.3, 0.5] }, labels), '30 % sharp, 50 % real');
  });

  test('names the first network where it is alone', () => {
    assert.equal(describeMix({ shares: [1, 0, 0] }, labels), 'smooth');
  });

  test('names the layers with other shares', () => {
    const mix = { shares: [0.3, 0.7, 0], groups: { first: [1, 0, 0], last: [0, 1, 0] } };
    assert.equal(describeMix(mix, labels), '70 % sharp; other shares in first, last');
  });
});
