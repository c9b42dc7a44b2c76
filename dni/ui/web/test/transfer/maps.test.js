// @ts-check
// What the views of unlabelled data, letters and words compute without a page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { channelsOf, rowBetween } from '../../transfer/widgets/letter-map.js';
import { numbered, rowNear } from '../../transfer/views/letters.js';
import { barShares, bestByPixels, cellText, gainOfLearning } from '../../transfer/views/unlabelled.js';
import { answerOf, missingText, presetText } from '../../transfer/views/words.js';

test('the answer is the nearest word that the question does not name', () => {
  assert.equal(answerOf(['king', 'queen', 'man'], [true, false, true]), 'queen');
  assert.equal(answerOf(['king'], [true]), null);
});

test('a preset without a way to go is one word', () => {
  assert.equal(presetText(['king', 'man', 'woman', 1]), 'king + woman − man');
  assert.equal(presetText(['sword', 'man', 'woman', 0]), 'sword');
});

test('fields without a word are named as on the page', () => {
  assert.equal(missingText({ start: 'king', minus: 'man', plus: 'woman' }), null);
  assert.match(missingText({ start: 'king', minus: 'man', plus: '' }) ?? '', /"to" is empty/);
  assert.match(missingText({ start: '', minus: '', plus: 'woman' }) ?? '', /"word" and "from" are empty/);
});

test('positions are interpolated between alphas, and are exact at them', () => {
  const rows = Float32Array.of(0, 0, 1, 2, 3, 2);
  assert.deepEqual([...rowBetween(rows, 2, 0.5)], [0.5, 1]);
  assert.deepEqual([...rowBetween(rows, 2, 1)], [1, 2]);
  assert.deepEqual([...rowBetween(rows, 2, 2)], [3, 2]);
});

test('neighbours are those of the nearest alpha', () => {
  const rows = Array.from({ length: 11 }, (_, step) => step);
  assert.deepEqual([0, 0.04, 0.06, 0.96, 1].map((alpha) => rowNear(rows, alpha)), [0, 0, 1, 10, 10]);
});

test('alphabets are numbered in the order of their first letters', () => {
  assert.deepEqual(numbered(['B', 'B', 'A', 'B']), { names: ['B', 'A'], numbers: [0, 0, 1, 0] });
});

test('colours of the theme become channels', () => {
  assert.deepEqual(channelsOf('#0b63a5'), [11, 99, 165]);
});

test('scores are cut to what a bar can show', () => {
  assert.deepEqual(barShares([-0.2, 0.4, 1.3]), [0, 0.4, 1]);
});

test('a cell of the table has its deviation, if seeds differ', () => {
  assert.equal(cellText({ mean: 0.8134, deviation: 0.0042 }), '81.3 ±\u00a00.4');
  assert.equal(cellText({ mean: 0.7, deviation: 0 }), '70.0');
  assert.equal(cellText(undefined), '–');
});

test('pixels are best where no atoms read more noisy digits', () => {
  const row = (/** @type {number[]} */ ...means) => (
    Object.fromEntries(means.map((mean, index) => [[1, 3, 10][index], { mean, deviation: 0 }])));
  const along = [row(0.3, 0.6, 0.2), row(0.4, 0.5, 0.8)].map((noisy, alpha) => ({ alpha, clean: {}, noisy }));
  assert.deepEqual(bestByPixels({ raw: { clean: {}, noisy: row(0.5, 0.55, 0.5) }, along }), ['1']);
  assert.deepEqual(bestByPixels({ raw: { clean: {} }, along }), []);
});

test('the gain of learning is the largest difference, and its place, and the least', () => {
  const measured = (/** @type {number} */ mean) => ({ mean, deviation: 0 });
  const along = [
    { alpha: 0, clean: { 1: measured(0.45), 10: measured(0.83) } },
    { alpha: 0.5, clean: { 1: measured(0.1), 10: measured(0.1) } },
    { alpha: 1, clean: { 1: measured(0.5), 10: measured(0.82) } },
  ];
  const { count, gain, least } = gainOfLearning({ raw: { clean: {} }, along }, 'clean');
  assert.equal(count, '1');
  assert.ok(Math.abs(gain - 5) < 1e-9);
  assert.ok(Math.abs(least + 1) < 1e-9);
});
