// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { basisText, brightnessPoints, brightnessRow, brightnessText, inkText } from '../../adaptation/charts/measured.js';

const FACTS = {
  seed: 0,
  seeds: { count: 5, mean: 0.8084, std: 0.0202 },
  alphas: [0, 0.5, 1],
  inks: { names: ['white', 'yellow'], accuracy: [[0.98, 0.96], [0.97, 0.15], [0.98, 0.32]] },
  inkCount: 2000,
  norms: [[2.4, 2.4, 2.5], [3.41, 3.41, 5.84]],
  brightness: { edges: [0, 128, 192, 256], counts: [60, 30, 10], accuracy: [[0.9, 0.2, 0.4], [0.9, 0.3, 0.5], [0.9, 0.6, 0.2]] },
};

test('on how many digits, of which seed, and what other seeds give: said once', () => {
  assert.equal(basisText([10000, 1000], FACTS, 'DANN'), "Accuracy is measured on MNIST's test digits: 10,000 in each domain "
    + '(± 1.0 points at most), 1,000 in Yours (± 3); no network has learnt from them. These networks are of '
    + 'seed 0; over 5 seeds DANN reads 80.8 ± 2.0 % of MNIST-M.');
  assert.match(basisText([310, 310], null, 'DANN'), /^Accuracy is measured on 310 of MNIST's test digits in each domain \(± 6 points/u);
  assert.match(basisText([10000, 1000], { ...FACTS, seeds: null }, 'DANN'), /of seed 0\.$/u);
});

test('the ink that suffers most, and the channel that stands out', () => {
  const text = inkText(FACTS, 'DANN');
  assert.match(text, /^DANN became a reader of the blue channel \(norms .*: 3\.41, 3\.41, 5\.84\)\./u);
  assert.match(text, /Of yellow digits on black 96 % are read at alpha 0, 15 % at 0\.5 and 32 % at 1; 2,000 digits in each ink\.$/u);
  const even = inkText({ ...FACTS, norms: [FACTS.norms[0], [2.3, 2.3, 2.5]] }, 'CORAL');
  assert.match(even, /^The first convolution of CORAL weighs red, green and blue alike \(norms 2\.30, 2\.30, 2\.50\)\./u);
});

test('brightness goes from MNIST, on black, to inverted digits, on white', () => {
  assert.deepEqual(brightnessPoints(FACTS), [0, 0.25, 0.625, 0.875, 1]);
  const row = brightnessRow(FACTS, Float32Array.from([0.5, 0, 0.25, 0]), 0.5).map((share) => Number(share.toFixed(3)));
  assert.deepEqual(row, [0.5, 0.9, 0.3, 0.5, 0.25]);
  assert.match(brightnessText(FACTS, 'DANN'), /brighter than 128 source only reads 25 % of MNIST-M's digits, DANN 50 %\.$/u);
});
