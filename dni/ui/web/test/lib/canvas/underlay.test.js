// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { Underlay } from '../../../lib/canvas/underlay.js';
import { View } from '../../../lib/canvas/view.js';
import { makeScene } from '../../support/scenes.js';

const SIDE = 1600;

/** Answers as the server does, and notes what was asked for. */
function makeUnderlay() {
  const view = new View();
  view.resize(800, 600, 1);
  const scene = makeScene({ width: 4000, height: 3000, scale: 1, live_pixels: 20000 });
  view.open(scene);
  /** @type {(import('../../../lib/protocol.js').Region | null)[]} */
  const asked = [];
  const underlay = new Underlay({
    view,
    fetch: async ({ region = null }) => {
      asked.push(region);
      const { width, height } = region ?? scene;
      const unit = Math.min(1, SIDE / Math.max(width, height));
      const bitmap = { width: width * unit, height: height * unit, close: () => {} };
      return /** @type {ImageBitmap} */ (/** @type {unknown} */ (bitmap));
    },
    changed: () => {},
  });
  return { view, scene, underlay, asked };
}

test('the whole picture is enough where it is reduced; at 100 % the seen part is fetched, once', async () => {
  const { view, scene, underlay, asked } = makeUnderlay();
  await underlay.open(scene);
  assert.deepEqual(asked, [null], 'the overview has twice the pixels of the canvas');
  view.actual();
  await underlay.refine();
  assert.deepEqual(asked.at(-1), { left: 1600, top: 1200, width: 800, height: 600 });
  await underlay.refine();
  assert.equal(asked.length, 2, 'it is there');
  view.pan(-100, 0);
  await underlay.refine();
  assert.deepEqual(asked.at(-1), { left: 1700, top: 1200, width: 800, height: 600 });
  view.fit();
  assert.equal(underlay.coarse(), null);
});

test('a picture that is live as a whole needs nothing below it', async () => {
  const { view, scene, underlay, asked } = makeUnderlay();
  view.open({ ...scene, live_pixels: 1e9 });
  await underlay.open(scene);
  assert.deepEqual(asked, []);
  view.picture = scene;
  await underlay.open(scene);
  await underlay.open(scene);
  assert.deepEqual(asked, [null], 'until slower networks come');
});
