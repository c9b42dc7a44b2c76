// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { brightness, greyPixels, veilPixels } from '../../mixing/mask/mask-image.js';

test('brightness of red, green, blue, white and black', () => {
  const pixels = Uint8ClampedArray.of(255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0, 255);
  assert.deepEqual([...brightness(pixels)], [54, 182, 18, 255, 0]);
});

test('levels as opaque grey pixels, and back', () => {
  const levels = Uint8ClampedArray.of(0, 100, 255);
  const pixels = greyPixels(levels);
  assert.deepEqual([...pixels], [0, 0, 0, 255, 100, 100, 100, 255, 255, 255, 255, 255]);
  assert.deepEqual(brightness(pixels), levels);
});

test('the veil is as opaque as the mask', () => {
  assert.deepEqual([...veilPixels(Uint8ClampedArray.of(0, 200))], [255, 30, 60, 0, 255, 30, 60, 200]);
});
