// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { KeyframeCache } from '../../../lib/frames/keyframe-cache.js';
import { spaceFor } from '../../../lib/frames/spaces.js';
import { fakeFrame } from '../../support/fake-server.js';
import { makeScene, REGION } from '../../support/scenes.js';

/** @param {number} numEnds */
function makeCache(numEnds = 2) {
  return new KeyframeCache({ scene: makeScene(), region: REGION, space: spaceFor(numEnds, {}) });
}

test('frames are found by their shares to four decimals', () => {
  const cache = makeCache();
  const frame = fakeFrame('0.3');
  cache.add([0.7, 0.3], frame);
  assert.equal(cache.get([0.70001, 0.29999]), frame);
  assert.equal(cache.has([0.69, 0.31]), false);
  assert.equal(cache.get([0.69, 0.31]), null);
});

test('a frame that takes the place of another closes it', () => {
  const cache = makeCache();
  const [old, frame] = [fakeFrame('old'), fakeFrame('new')];
  cache.add([0.7, 0.3], old);
  cache.add([0.7, 0.3], frame);
  assert.equal(old.isClosed, true);
  assert.equal(cache.get([0.7, 0.3]), frame);
});

test('with more than 64 frames the oldest goes that is no keyframe', () => {
  const cache = makeCache();
  cache.refinements = [[0.65, 0.35]];
  const frames = new Map();
  for (const alpha of [0, 0.35, ...Array.from({ length: 64 }, (_, index) => 0.4001 + index / 1000)]) {
    frames.set(alpha, fakeFrame(String(alpha)));
    cache.add([1 - alpha, alpha], frames.get(alpha));
  }
  assert.equal(cache.frames.size, 64);
  assert.equal(cache.has([1, 0]), true);
  assert.equal(cache.has([0.65, 0.35]), true);
  const closed = [...frames.values()].filter((frame) => frame.isClosed);
  assert.deepEqual(closed.map((frame) => frame.name), ['0.4001', '0.4011']);
});

test('what is missing on a line covers it evenly at any time', () => {
  const cache = makeCache();
  const order = cache.missing([0.5, 0.5]).map(([, alpha]) => alpha);
  for (let count = 2; count <= order.length; count++) {
    const known = order.slice(0, count).sort((one, other) => one - other);
    const gaps = known.slice(1).map((alpha, index) => alpha - known[index]);
    const even = 1 / (count - 1);
    assert.ok(Math.max(...gaps) <= 2.3 * even, `${count}: ${known}`);
  }
  assert.equal(order.length, 11);
});

test('refinements come after the keyframes of a line', () => {
  const cache = makeCache();
  cache.refinements = [[0.55, 0.45]];
  assert.deepEqual(cache.missing([0.5, 0.5]).at(-1), [0.55, 0.45]);
  cache.add([0.55, 0.45], fakeFrame('0.45'));
  assert.equal(cache.missing([0.5, 0.5]).length, 11);
});

test('what is missing on a pad goes from the mix outwards', () => {
  const cache = makeCache(3);
  const [first, ...others] = cache.missing([0.1, 0.8, 0.1]);
  assert.deepEqual(first, [0, 0.75, 0.25]);
  assert.equal(others.length, 14);
  assert.deepEqual(cache.missing([1, 0, 0])[0], [1, 0, 0]);
});

test('special frames are kept one for each use, and only under their key', () => {
  const cache = makeCache();
  const [old, frame] = [fakeFrame('old'), fakeFrame('new')];
  cache.addSpecial('painted', '1', old);
  cache.addSpecial('outside', 'base', fakeFrame('outside'));
  assert.equal(cache.getSpecial('painted', '1'), old);
  cache.addSpecial('painted', '2', frame);
  assert.equal(old.isClosed, true);
  assert.equal(cache.getSpecial('painted', '1'), null);
  assert.equal(cache.getSpecial('painted', '2'), frame);
  assert.notEqual(cache.getSpecial('outside', 'base'), null);
});

test('the nearest frame may have another number of ends', () => {
  const cache = makeCache(3);
  const [one, other] = [fakeFrame('one'), fakeFrame('other')];
  assert.equal(cache.nearest([1, 0]), null);
  cache.add([1, 0, 0], one);
  cache.add([0, 1, 0], other);
  assert.equal(cache.nearest([0.2, 0.8]), other);
});

test('closing closes all frames', () => {
  const cache = makeCache();
  const frames = ['frame', 'special', 'before'].map(fakeFrame);
  cache.add([1, 0], frames[0]);
  cache.addSpecial('painted', '1', frames[1]);
  cache.before = frames[2];
  cache.close();
  assert.deepEqual(frames.map((frame) => frame.isClosed), [true, true, true]);
  assert.equal(cache.closed, true);
  assert.equal(cache.has([1, 0]), false);
});
