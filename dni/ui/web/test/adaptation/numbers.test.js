// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { barsOf } from '../../adaptation/samples/bars.js';
import { rgbaOf } from '../../adaptation/charts/canvas.js';
import {
  Series, decodePositions, decodeProbabilities, encodeBytes, mostLikely, percent,
} from '../../adaptation/samples/numbers.js';
import { accuracyTexts, chartText, decodePredictions } from '../../adaptation/samples/predictions.js';
import { base64 } from './support.js';

test('bytes are probabilities', () => {
  assert.deepEqual([...decodeProbabilities(base64([0, 51, 255]))], [0, Math.fround(0.2), 1]);
});

test('little-endian words are positions', () => {
  const words = [0xff, 0x7f, 0x01, 0x80, 0x00, 0x00, 0x00, 0x40];
  const positions = [...decodePositions(base64(words))].map((number) => Number(number.toFixed(4)));
  assert.deepEqual(positions, [1, -1, 0, 0.5]);
});

test('bytes survive base64', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
  assert.deepEqual(Uint8Array.from(Buffer.from(encodeBytes(bytes), 'base64')), bytes);
});

test('per cents', () => {
  assert.deepEqual([percent(0.5), percent(1), percent(0.12345, 1)], ['50 %', '100 %', '12.3 %']);
});

for (const { point, row } of [
  { point: 0, row: [0, 10] },
  { point: 0.25, row: [0.5, 5] },
  { point: 0.5, row: [1, 0] },
  { point: 0.9, row: [4.2, 8] },
  { point: 1, row: [5, 10] },
  { point: -1, row: [0, 10] },
  { point: 2, row: [5, 10] },
]) {
  test(`a series at ${point}`, () => {
    const series = new Series([0, 0.5, 1], [0, 10, 1, 0, 5, 10]);
    const found = [...series.at(point)].map((number) => Number(number.toFixed(5)));
    assert.deepEqual(found, row);
  });
}

test('interpolated probabilities still have the sum 1', () => {
  const series = new Series([0, 1], [0.25, 0.75, 0.5, 0.5]);
  for (const point of [0, 0.3, 0.77, 1]) assert.ok(Math.abs(series.at(point).reduce((a, b) => a + b) - 1) < 1e-6);
});

test('a column over all points', () => {
  assert.deepEqual(new Series([0, 0.5, 1], [0, 10, 1, 0, 5, 10]).column(1), [10, 0, 10]);
});

test('the most likely class, and the first of equals', () => {
  const probabilities = [0.9, ...Array(9).fill(0), 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0];
  assert.equal(mostLikely(probabilities), 0);
  assert.equal(mostLikely(probabilities, 10), 2);
});

test('bars', () => {
  const probabilities = Array(20).fill(0);
  probabilities[13] = 0.756;
  const bars = barsOf(probabilities, 10);
  assert.deepEqual(bars[3], { share: 0.756, text: '76 %', isWinner: true });
  assert.deepEqual(bars[4], { share: 0, text: '0 %', isWinner: false });
  assert.deepEqual(barsOf(null)[0], { share: 0, text: '', isWinner: false });
  assert.equal(barsOf(null).length, 10);
});

test('a digit as pixels of a canvas', () => {
  const rgb = new Uint8Array(2 * 784 * 3);
  rgb.set([1, 2, 3, 4, 5, 6], 784 * 3);
  assert.deepEqual([...rgbaOf(rgb, 784 * 3).slice(0, 8)], [1, 2, 3, 255, 4, 5, 6, 255]);
});

// ---- accuracies in words

const EMPTY = {
  serial: 'one', method: 'dann', titles: ['MNIST', 'Yours'], notes: [], source: { title: '', isMnist: true }, counts: [1, 1],
  measured: null,
  labels: [], pixels: '', alphas: [0, 1], probs: '', map: { positions: '', labels: [] },
};
const SUBJECT = { method: 'dann', token: 'coffee', strength: 1 };

test('accuracies are unknown, then interpolated, then exact', () => {
  const shown = decodePredictions(EMPTY, SUBJECT, 'DANN', null);
  assert.deepEqual(accuracyTexts(shown, null, 0.5), ['…', '…']);
  shown.curve = new Series([0, 1], [0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(accuracyTexts(shown, null, 0.5), ['40.0 %', '…'], 'one with another picture is out of date');
  shown.isCurveStale = false;
  assert.deepEqual(accuracyTexts(shown, null, 0.5), ['40.0 %', '60.0 %']);
  const exact = { alpha: 0.5, accuracy: [0.41, 0.59], probabilities: new Float32Array(), positions: new Float32Array(), milliseconds: 1 };
  assert.deepEqual(accuracyTexts(shown, exact, 0.5), ['41.0 %', '59.0 %']);
  const shipped = { ...shown, measured: /** @type {any} */ ({}) };
  assert.deepEqual(accuracyTexts(shipped, exact, 0.5), ['41.0 %', '59 %'], 'what ships of pictures has no decimals');
  assert.equal(chartText(0.5, shown, exact), 'Accuracy along alpha; at 0.50: MNIST 41 %, Yours 59 %');
});

test('a curve is kept only while networks, picture and samples are the same', () => {
  const before = decodePredictions(EMPTY, SUBJECT, 'DANN', null);
  before.curve = new Series([0, 1], [0, 0, 1, 1]);
  const curveOf = (/** @type {object} */ reply, /** @type {object} */ asked) =>
    decodePredictions({ ...EMPTY, ...reply }, { ...SUBJECT, ...asked }, 'DANN', before).curve;
  assert.equal(curveOf({}, { strength: 0.5 }), before.curve);
  assert.equal(curveOf({}, { token: 'rocket' }), null);
  assert.equal(curveOf({}, { method: 'coral' }), null);
  assert.equal(curveOf({ serial: 'two' }, {}), null);
});
