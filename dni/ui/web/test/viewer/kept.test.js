// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { choices, Kept } from '../../viewer/kept.js';

test('a fourth alpha takes the place of the first, and its letter', () => {
  const kept = new Kept();
  for (const alpha of [0.2, 0.4, 0.2, 0.6, 0.8]) kept.add(alpha);
  assert.deepEqual(kept.alphas, [0.4, 0.6, 0.8]);
  assert.deepEqual([0, 1, 2].map((index) => kept.letter(index)), ['B', 'C', 'A']);
});

test('one compares with what was given, with each end, and with what was kept between them', () => {
  const scene = { scale: 4, labels: ['calm', 'wild'] };
  assert.deepEqual(choices(scene, [0.25, 1]), [
    ['before', 'bicubic'], ['0', 'calm'], ['1', 'wild'], ['0.25', 'alpha 0.25'],
  ]);
  assert.equal(choices({ ...scene, scale: 1 }, [])[0][1], 'the original');
});
