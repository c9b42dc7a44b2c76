// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { choices, Kept } from '../../viewer/kept.js';

test('a fourth alpha takes the place of the first, and its letter', () => {
  const kept = new Kept();
  for (const alpha of [0.2, 0.4, 0.2, 0.6]) assert.equal(kept.add(alpha), null);
  assert.deepEqual(kept.add(0.8), { letter: 'A', alpha: 0.2 }, 'what it took the place of');
  assert.deepEqual(kept.all.map(({ alpha, letter }) => `${letter} ${alpha}`), ['A 0.8', 'B 0.4', 'C 0.6']);
  kept.add(0.9);
  assert.deepEqual(kept.all.map(({ alpha, letter }) => `${letter} ${alpha}`), ['A 0.8', 'B 0.9', 'C 0.6']);
});

test('what was kept before a reload is there again, and nothing else', () => {
  const kept = new Kept();
  for (const alpha of [0.2, 0.4, 0.6, 0.8]) kept.add(alpha);
  const again = new Kept(JSON.parse(JSON.stringify(kept.all)));
  assert.deepEqual(again.all, kept.all);
  const odd = [{ alpha: 2, letter: 'A' }, { alpha: 0.3, letter: 'X' }, {}, { alpha: null, letter: 'B' }];
  for (const saved of [null, 'A', odd]) assert.deepEqual(new Kept(saved).all, []);
});

test('one compares with what was given, with each end, and with what was kept between them', () => {
  const scene = { scale: 4, labels: ['calm', 'wild'] };
  assert.deepEqual(choices(scene, [{ alpha: 0.25, letter: 'A' }, { alpha: 1, letter: 'B' }]), [
    ['before', 'bicubic'], ['0', 'calm'], ['1', 'wild'], ['0.25', 'A 0.25'],
  ]);
  assert.equal(choices({ ...scene, scale: 1 }, [])[0][1], 'the original');
});
