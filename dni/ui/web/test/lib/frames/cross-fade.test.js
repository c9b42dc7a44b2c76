// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { crossFade, refinements } from '../../../lib/frames/cross-fade.js';
import { KeyframeCache } from '../../../lib/frames/keyframe-cache.js';
import { keyOf } from '../../../lib/frames/shares.js';
import { spaceFor } from '../../../lib/frames/spaces.js';
import { fakeFrame } from '../../support/fake-server.js';
import { makeScene, REGION } from '../../support/scenes.js';

/**
 * A cache that holds frames of these shares.
 * @param {number[][]} known
 */
function cacheOf(known) {
  const space = spaceFor(known[0].length, {});
  const cache = new KeyframeCache({ scene: makeScene(), region: REGION, space });
  for (const shares of known) cache.add(shares, fakeFrame(keyOf(shares)));
  return cache;
}

/** @param {number[]} alphas */
const line = (...alphas) => cacheOf(alphas.map((alpha) => [1 - alpha, alpha]));

/**
 * What stands for a mix: names of frames with weights, and the state.
 * @param {KeyframeCache} cache
 * @param {number[]} shares
 */
function fadeOf(cache, shares) {
  const { parts, state } = crossFade(cache, shares);
  const named = parts.map(([frame, weight]) => [
    /** @type {import('../../support/fake-server.js').FakeFrame} */ (frame).name.split(' ').map(Number), Number(weight.toFixed(6)),
  ]);
  return { parts: named, state };
}

for (const { name, known, alpha, parts, state } of [
  { name: 'its own frame', known: [0, 0.34, 1], alpha: 0.34, parts: [[0.34, 1]], state: 'exact' },
  { name: 'two neighbours as close as keyframes', known: [0.3, 0.4], alpha: 0.36, parts: [[0.3, 0.4], [0.4, 0.6]], state: 'preview' },
  { name: 'the nearest ones, keyframes or not', known: [0.3, 0.34, 0.37, 0.4], alpha: 0.35, parts: [[0.34, 0.666667], [0.37, 0.333333]], state: 'preview' },
  { name: 'neighbours that are far apart', known: [0, 1], alpha: 0.25, parts: [[0, 0.75], [1, 0.25]], state: 'waiting' },
  { name: 'one side alone', known: [0.5], alpha: 0.25, parts: [[0.5, 1]], state: 'waiting' },
  { name: 'close ones beyond the ends', known: [1, 1.05], alpha: 1.02, parts: [[1, 0.6], [1.05, 0.4]], state: 'waiting' },
]) {
  test(`on a line: ${name}`, () => {
    const found = fadeOf(line(...known), [1 - alpha, alpha]);
    assert.deepEqual(found.parts, parts.map(([at, weight]) => [[Number((1 - at).toFixed(4)), at], weight]));
    assert.equal(found.state, state);
  });
}

test('without frames there is nothing', () => {
  const cache = line(0.5);
  cache.frames.clear();
  assert.deepEqual(crossFade(cache, [0.5, 0.5]), { parts: [], state: 'waiting' });
});

test('on a pad: the nodes around the mix, once all of them are there', () => {
  const nodes = [[0.5, 0.5, 0], [0.5, 0.25, 0.25], [0.25, 0.5, 0.25]];
  const found = fadeOf(cacheOf(nodes), [0.45, 0.45, 0.1]);
  assert.equal(found.state, 'preview');
  assert.deepEqual(found.parts.map(([shares]) => shares).sort(), [...nodes].sort());
  for (const end of [0, 1, 2]) {
    const mean = found.parts.reduce((sum, [shares, weight]) => sum + /** @type {number[]} */ (shares)[end] * Number(weight), 0);
    assert.ok(Math.abs(mean - [0.45, 0.45, 0.1][end]) < 1e-5);
  }
  assert.deepEqual(fadeOf(cacheOf(nodes.slice(0, 2)), [0.45, 0.45, 0.1]), { parts: [[[0.5, 0.5, 0], 1]], state: 'waiting' });
});

test('on a pad: a mix on an edge needs the nodes on the edge alone', () => {
  const found = fadeOf(cacheOf([[0.5, 0.5, 0], [0.25, 0.75, 0]]), [0.4, 0.6, 0]);
  assert.deepEqual(found, { parts: [[[0.5, 0.5, 0], 0.6], [[0.25, 0.75, 0], 0.4]], state: 'preview' });
});

test('a straight line of pixels needs no refinement, a bend is refined on both sides', () => {
  const alphas = [0, 0.1, 0.2, 0.3, 0.4];
  /** @param {(alpha: number) => number} level */
  const pixels = (level) => alphas.map((alpha) => [level(alpha), level(alpha), level(alpha), 255]);
  assert.deepEqual(refinements(alphas, pixels((alpha) => 100 * alpha), 46), []);
  assert.deepEqual(refinements(alphas, pixels((alpha) => 1000 * Math.abs(alpha - 0.2)), 46), [0.15, 0.25]);
});

test('a cross-fade is refined below the PSNR that is asked for', () => {
  // In the middle of an interval of 2 a ^ 2 the cross-fade is off by a quarter of the second difference's half.
  const pixels = [0, 8, 32].map((level) => [level, level, level, 255]);
  const psnr = 10 * Math.log10(255 ** 2 / (8 / 4) ** 2);
  assert.deepEqual(refinements([0, 0.5, 1], pixels, psnr - 0.01), []);
  assert.deepEqual(refinements([0, 0.5, 1], pixels, psnr + 0.01), [0.25, 0.75]);
});
