// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import {
  basisText, brightnessPoints, brightnessRow, brightnessText, domainsText, inkText,
} from '../../adaptation/charts/measured.js';

const FACTS = {
  seed: 0,
  seeds: { count: 5, mean: 0.8084, std: 0.0202, domain_accuracy: 0.8541 },
  alphas: [0, 0.5, 1],
  pictureAlphas: [0, 1],
  inks: { names: ['white', 'yellow'], accuracy: [[0.98, 0.96], [0.97, 0.15], [0.98, 0.32]] },
  inkCount: 2000,
  norms: [[2.4, 2.4, 2.5], [3.41, 3.41, 5.84]],
  brightness: { edges: [0, 128, 192, 256], counts: [60, 30, 10], accuracy: [[0.9, 0.2, 0.4], [0.9, 0.3, 0.5], [0.9, 0.6, 0.2]] },
};

test('on how many digits, of which seed, and what other seeds give: said once', () => {
  assert.equal(basisText([10000, 1000], FACTS, 'DANN'), "Accuracy is measured on MNIST's test digits: 10,000 in each domain "
    + '(± 1.0 points at most), 1,000 in Yours (± 3); no network has learnt from them. It is measured at '
    + "3 alphas (2 over an example picture), interpolated in between; MNIST-M's digits lie over BSDS500's test photographs. "
    + 'These networks are of seed 0; over 5 seeds DANN reads 80.8 ± 2.0 % of MNIST-M (mean and standard deviation).');
  const alone = { ...FACTS, seeds: { ...FACTS.seeds, count: 1, std: 0 } };
  assert.match(basisText([10000, 1000], alone, 'DAN'), /seed 0, the only one: DAN reads 80\.8 % of MNIST-M\.$/u);
  assert.match(basisText([310, 310], null, 'DANN'), /^Accuracy is measured on 310 of MNIST's test digits in each domain \(± 6 points/u);
  assert.match(basisText([10000, 1000], { ...FACTS, seeds: null }, 'DANN'), /of seed 0\.$/u);
});

test('how well all features tell the domains apart', () => {
  assert.match(domainsText(FACTS, 'DANN'), /of DANN .* 85 % of the time/u);
  assert.deepEqual([domainsText(null, 'DANN'), domainsText({ ...FACTS, seeds: null }, 'DANN')], ['', '']);
});

test('the ink that suffers most, and the norms, from which nothing is inferred', () => {
  const text = inkText(FACTS, 'DANN');
  assert.match(text, /^Of yellow digits on black 96 % are read at alpha 0, 15 % at 0\.5 and 32 % at 1; 2,000 digits in each ink\. /u);
  assert.match(text, /DANN has the norms 3\.41, 3\.41, 5\.84 for red, green and blue\.$/u);
});

test('brightness goes from MNIST, on black, to inverted digits, on white', () => {
  assert.deepEqual(brightnessPoints(FACTS), [0, 0.25, 0.625, 0.875, 1]);
  const row = brightnessRow(FACTS, Float32Array.from([0.5, 0, 0.25, 0]), 0.5).map((share) => Number(share.toFixed(3)));
  assert.deepEqual(row, [0.5, 0.9, 0.3, 0.5, 0.25]);
  assert.match(brightnessText(FACTS, 'DANN'), /brighter than 128 source only reads 25 % of MNIST-M's digits, DANN 50 %\.$/u);
});
