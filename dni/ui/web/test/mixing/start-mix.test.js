// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { AroundSpace, SlidersSpace, SquareSpace } from '../../lib/frames/spaces.js';
import { sharesWithin, startOf } from '../../mixing/start-mix.js';

test('new networks start in their middle; looks around a photograph with most of the first', () => {
  assert.deepEqual(startOf({ numEnds: 2 }), { shares: [0.5, 0.5], isAround: false, beyond: false });
  assert.deepEqual(startOf({ numEnds: 4, pad: 'around' }), { shares: [0.25, 0.75, 0, 0], isAround: true, beyond: false });
  assert.equal(startOf({ numEnds: 3, pad: 'around' }).isAround, false);
});

test('a recipe of the pad comes back on the pad, and any other mix as it is', () => {
  const onPad = { shares: [-0.2, 0.6, 0.6, 0], extrapolate: true };
  assert.deepEqual(startOf({ numEnds: 4, pad: 'around', mix: onPad }), { shares: onPad.shares, isAround: true, beyond: false });
  const alike = { shares: [0.25, 0.25, 0.25, 0.25] };
  assert.deepEqual(startOf({ numEnds: 4, pad: 'around', mix: alike }), { shares: alike.shares, isAround: false, beyond: false });
  const wild = { shares: [-1, 1, 1, 0], extrapolate: true };
  assert.deepEqual(startOf({ numEnds: 4, pad: 'around', mix: wild }), { shares: wild.shares, isAround: false, beyond: true });
});

test('without task arithmetic a mix comes back between the ends, or on the pad', () => {
  const wild = [-1, 1, 1, 0];
  assert.deepEqual(sharesWithin(new SlidersSpace(), wild, { isUnlimited: true }), wild);
  assert.deepEqual(sharesWithin(new SquareSpace(), wild, { isUnlimited: false }), [0, 0.5, 0.5, 0]);
  const space = new AroundSpace();
  assert.ok(space.holds(sharesWithin(space, wild, { isUnlimited: false })));
});
