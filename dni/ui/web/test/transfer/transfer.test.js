// Arithmetic and keys of the Transfer tab.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { gridAt, measuredAt, measuredText, rowAt, softmax, withBias } from '../../transfer/answers.js';
import { digitByKey, pickedText } from '../../transfer/widgets/digit-picker.js';
import { heightOf, rangeOf, roundSteps } from '../../transfer/widgets/line-chart.js';
import { tabByKey } from '../../transfer/widgets/switcher.js';
import { linesOf } from '../../transfer/views/depth.js';
import { temperatureAt } from '../../transfer/views/teacher.js';

/** @type {(found: number, expected: number) => void} */
const near = (found, expected) => assert.ok(Math.abs(found - expected) < 1e-9, `${found} is not ${expected}`);

test('a softmax sums to 1, and a high temperature makes it even', () => {
  const shares = softmax([Math.log(1), Math.log(2), Math.log(5)]);
  [0.125, 0.25, 0.625].forEach((share, index) => near(shares[index], share));
  assert.ok(softmax([0, 20], 1e6).every((share) => Math.abs(share - 0.5) < 1e-4));
  near(softmax([1000, 1000])[0], 0.5);
});

test('a bias changes one class only', () => {
  assert.deepEqual(withBias([1, 2, 3], 1, 4), [1, 6, 3]);
});

test('between points numbers are interpolated, outside the nearest point counts', () => {
  const points = [0, 1, 3];
  const rows = [[0, 10], [2, 20], [4, 40]];
  assert.deepEqual(rowAt(points, rows, 2), [3, 30]);
  assert.deepEqual(rowAt(points, rows, 1), [2, 20]);
  assert.deepEqual(rowAt(points, rows, -5), [0, 10]);
  assert.deepEqual(rowAt(points, rows, 9), [4, 40]);
  near(gridAt({ rows: [0, 1], columns: [0, 10] }, [[0, 1], [2, 3]], 0.5, 5), 1.5);
});

test('shares are written in per cent with their deviation', () => {
  assert.equal(measuredText({ mean: 0.9434, deviation: 0.002 }), '94.3 ± 0.2 %');
});

test('the temperature runs from 1 to 40 in equal ratios', () => {
  near(temperatureAt(0), 1);
  near(temperatureAt(100), 40);
  near(temperatureAt(50) ** 2, 40);
});

test('keys move among tabs and digits, and stop at the edges of the digits', () => {
  assert.deepEqual(['ArrowRight', 'ArrowLeft', 'Home', 'End', 'x'].map((key) => tabByKey(key, 0, 3)), [1, 2, 0, 2, null]);
  const grid = { columns: 10, count: 30 };
  const next = (/** @type {string} */ key) => digitByKey(12, key, grid);
  assert.deepEqual(['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'Enter'].map(next), [13, 11, 22, 2, null]);
  assert.equal(digitByKey(25, 'ArrowDown', grid), null);
  assert.equal(digitByKey(0, 'ArrowLeft', grid), null);
});

test('the picked digit is said by its label and place', () => {
  assert.equal(pickedText(2, [0, 0, 7, 7]), 'a 7, number 3 of 4');
  assert.equal(pickedText(-1, [0, 0, 7, 7]), 'none of these');
});

test('an axis has few round steps, each at its own height, and holds all points with their whiskers', () => {
  assert.deepEqual(roundSteps(0, 1), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  const points = [{ mean: 0.33, deviation: 0.09 }, { mean: 0.87, deviation: 0.06 }];
  assert.deepEqual(rangeOf(points), [0.33 - 0.09, 0.87 + 0.06]);
  for (const [low, high] of [rangeOf(points), [0.3, 0.9], [0.7, 0.7], [0.2, 0.999], [0.91, 1.04]]) {
    const steps = roundSteps(low, high);
    assert.ok(steps.length <= 8 && steps[0] < low + 1e-9 && steps[steps.length - 1] > Math.min(1, high) - 1e-9, `${steps}`);
    steps.forEach((step, index) => near(heightOf(step, steps), index / (steps.length - 1)));
  }
});

test('B alone is one line for all cuts', () => {
  const point = (/** @type {number} */ mean) => ({ mean, deviation: 0.1 });
  const counted = { alone: point(0.7), kinds: { AnB: [point(0.8), point(0.9)], random: [point(0.5), point(0.2)] } };
  const lines = linesOf(counted, ['AnB', 'random']);
  assert.deepEqual(lines.map(({ points }) => points.map(({ mean }) => mean)), [[0.8, 0.9], [0.5, 0.2], [0.7, 0.7]]);
});

test('a sentence says what the report has at a path, or that it has nothing', () => {
  const report = { curves: { 3: { hard: [{ mean: 0.123, deviation: 0.01 }] } }, seeds: 3 };
  assert.equal(measuredAt(report, 'curves.3.hard.0'), '12.3 %');
  assert.equal(measuredAt(report, 'curves.3.hard.0', true), '12.3 ± 1.0 %');
  for (const path of ['curves.3.hard.1', 'curves.8.hard.0', 'seeds', '']) {
    assert.equal(measuredAt(report, path), '(not measured)');
  }
});
