// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { UpdateRate, readoutText, snapAlpha, valueText } from '../../adaptation/alpha-slider.js';
import { ChartScale } from '../../adaptation/charts/chart.js';
import { mapLegend, marksOf } from '../../adaptation/charts/feature-map.js';
import { samplesOf } from '../../adaptation/samples/sample-grid.js';
import { LABEL, SampleLayout, placeDetails, sampleAt, sampleByKey } from '../../adaptation/samples/sample-layout.js';
import { decodeRun, iterationText } from '../../adaptation/charts/training-run.js';
import { base64 } from './support.js';

// ---- the samples of a domain

test('a class is a column of four, and no sample covers another', () => {
  const layout = new SampleLayout({ width: 640, height: 320 }, 1);
  const places = Array.from({ length: 40 }, (_, n) => layout.place(n));
  assert.equal(places[0].x, places[3].x);
  assert.ok(places[4].x - places[0].x >= layout.side);
  assert.equal(places[4].y, places[0].y);
  for (let n = 1; n < 4; n++) assert.ok(places[n].y - places[n - 1].y >= layout.side + LABEL);
  assert.ok(places[39].x + layout.side <= 640);
  assert.ok(places[39].y + layout.side + LABEL <= 320);
});

for (const ratio of [1, 1.5, 2]) {
  test(`a digit's pixel is a whole number of screen pixels where that fills the cell (${ratio})`, () => {
    const layout = new SampleLayout({ width: 700, height: 320 }, ratio);
    assert.equal(layout.side, 56);
    const { x, y } = layout.place(13);
    assert.ok(Number.isInteger(x * ratio) && Number.isInteger(y * ratio));
  });
}

test('where whole pixels would leave too much of the cell empty, the cell is filled', () => {
  const layout = new SampleLayout({ width: 10 * 50, height: 4 * 65 }, 1);
  assert.equal(layout.side, 44);
});

test('the sample under the pointer', () => {
  assert.equal(sampleAt(0, 0), 0);
  assert.equal(sampleAt(0.99, 0.99), 39);
  assert.equal(sampleAt(0.13, 0.26), 5);
  for (const [x, y] of [[-0.01, 0.5], [1, 0.5], [0.5, -0.01], [0.5, 1]]) assert.equal(sampleAt(x, y), -1);
});

test('keys go from sample to sample and stop at the edge', () => {
  const path = ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowUp'];
  let sample = -1;
  const seen = path.map((key) => { sample = sampleByKey(sample, key) ?? NaN; return sample; });
  assert.deepEqual(seen, [0, 4, 5, 1, 0, 0]);
  assert.equal(sampleByKey(3, 'ArrowDown'), 3, 'the next class is to the right');
  assert.equal(sampleByKey(39, 'ArrowRight'), 39);
  assert.equal(sampleByKey(3, 'a'), null);
});

test('details stay within the card, below the upper rows and above the lower ones', () => {
  const layout = new SampleLayout({ width: 640, height: 448 }, 1);
  const canvas = { left: 10, top: 50, width: 640, height: 448 };
  const size = { width: 200, height: 120 };
  const [first, middle, last] = [0, 16, 39].map((n) => placeDetails(layout, n, canvas, size));
  assert.equal(first.left, 10);
  assert.equal(last.left, 650 - 200);
  const { x, y } = layout.place(16);
  assert.equal(middle.left, 10 + x + layout.side / 2 - 100);
  assert.equal(middle.top, 50 + y + layout.side + LABEL + 6);
  assert.equal(last.top, 50 + layout.place(39).y - 120 - 6);
});

test('what samples are read as', () => {
  const probabilities = new Float32Array(400);
  probabilities[3] = 0.75;
  probabilities[10 + 8] = 0.5;
  const [first, second] = samplesOf(probabilities, Array(40).fill(3));
  assert.deepEqual(first, { number: 0, answer: 3, confidence: 0.75, isWrong: false });
  assert.deepEqual(second, { number: 1, answer: 8, confidence: 0.5, isWrong: true });
});

// ---- charts and maps

test('a chart goes from its place to the share and back', () => {
  const scale = new ChartScale(600, 150);
  for (const share of [0, 0.3, 1]) assert.ok(Math.abs(scale.shareAt(scale.x(share)) - share) < 1e-9);
  assert.equal(scale.shareAt(-5), 0);
  assert.equal(scale.shareAt(700), 1);
  assert.ok(scale.y(1) < scale.y(0));
  assert.ok(scale.x(0) > 0 && scale.x(1) < 600 && scale.y(1) > 0 && scale.y(0) < 150);
});

test("marks of both domains take turns, the map's second axis goes up", () => {
  const positions = Float32Array.from([0, 0, 1, 1, -1, -1, 0.5, 0]);
  const marks = marksOf(positions, { width: 220, height: 120 });
  assert.deepEqual(marks, [
    { domain: 0, digit: 0, x: 110, y: 60 },
    { domain: 1, digit: 0, x: 10, y: 110 },
    { domain: 0, digit: 1, x: 210, y: 10 },
    { domain: 1, digit: 1, x: 160, y: 60 },
  ]);
});

test('the legend of the map', () => {
  const titles = ['MNIST', 'MNIST-M'];
  assert.deepEqual(mapLegend(false, titles), [
    { name: 'MNIST', colour: '--d0', mark: 'circle' },
    { name: 'MNIST-M', colour: '--d1', mark: 'cross' },
  ]);
  const byClass = mapLegend(true, titles);
  assert.equal(byClass.length, 12);
  assert.deepEqual(byClass[0], { name: 'MNIST', colour: '--dni-ink', mark: 'circle' });
  assert.deepEqual(byClass[11], { name: '9', colour: '--c9' });
});

// ---- the slider

test('alpha snaps to the ends and the middle', () => {
  assert.deepEqual([0.015, 0.017, 0.49, 0.52, 0.99, 0.3].map(snapAlpha), [0, 0.017, 0.5, 0.52, 1, 0.3]);
});

test('updates are counted for each alpha, anew after a pause', () => {
  const rate = new UpdateRate();
  const counted = [0, 1, 2, 3].map((n) => rate.count(n / 10, 20 * n));
  assert.deepEqual(counted, [true, true, true, true]);
  assert.equal(rate.count(0.3, 70), false);
  assert.equal(rate.perSecond, null);
  rate.count(0.4, 80);
  assert.equal(rate.perSecond, 50);
  rate.count(0.5, 1000);
  assert.equal(rate.perSecond, null);
});

test('only the last thirty frames count', () => {
  const rate = new UpdateRate();
  for (let n = 0; n < 10; n++) rate.count(n, 300 * n);
  for (let n = 0; n < 30; n++) rate.count(100 + n, 2700 + 10 * n);
  assert.equal(Math.round(rate.perSecond ?? 0), 100);
});

test('the readout', () => {
  assert.equal(readoutText({ alpha: 0.5, milliseconds: 12.4, rate: 60 }), 'alpha 0.50 · exact in 12 ms');
  assert.equal(readoutText({ alpha: 0.25, milliseconds: null, rate: 59.6 }), 'alpha 0.25 · 60 updates/s');
  assert.equal(readoutText({ alpha: 1, milliseconds: null, rate: null }), 'alpha 1.00');
  assert.equal(valueText(0.27, 'DANN'), '0.27: 73 % source only, 27 % DANN');
});

// ---- the training

/** @param {number} iteration */
function metricsOf(iteration) {
  const share = iteration / 2000;
  return { iteration, mnist: share, mnist_m: 1 - share, domain_accuracy: 0.5, a_distance: 2 * share, reversal: 0 };
}

test('a training is scrubbed from its first to its last iteration', () => {
  const run = decodeRun({
    iterations: [0, 500, 2000], metrics: [0, 2000].map(metricsOf), labels: [], note: '',
    positions: base64([0, 0, 0xff, 0x7f, 0, 0]),
  });
  assert.deepEqual(run.map?.points, [0, 0.25, 1]);
  assert.ok(Math.abs((run.map?.at(0.125)[0] ?? 0) - 0.5) < 1e-4);
  assert.deepEqual([...(run.measures?.at(0.5) ?? [])], [0.5, 0.5, 0.5, 0.5, 0]);
  assert.equal(iterationText(run, 0.75), 'iteration 1,500');
});

test('a training without snapshots or measures', () => {
  const run = decodeRun({ iterations: [], metrics: [], labels: [], note: '', positions: '' });
  assert.deepEqual([run.map, run.measures, iterationText(run, 0.5)], [null, null, '']);
  assert.equal(iterationText(null, 0.5), '');
});

test('measures without snapshots are scrubbed too', () => {
  const run = decodeRun({ iterations: [], metrics: [0, 2000].map(metricsOf), labels: [], note: '', positions: '' });
  assert.deepEqual(run.measures?.points, [0, 1]);
});
