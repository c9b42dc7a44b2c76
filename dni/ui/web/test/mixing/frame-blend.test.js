// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { blendFrames, framesNeeded, touchedPart } from '../../mixing/mask/frame-blend.js';

/**
 * Frames of one colour; the level of frame i is a quadratic in alpha.
 * @param {number} count
 * @param {number} pixels
 */
function frames(count, pixels) {
  return Array.from({ length: count }, (_, index) => {
    const value = Math.round(200 * (index / 10) ** 2);
    return Uint8ClampedArray.from({ length: 4 * pixels }, (__, byte) => (byte % 4 === 3 ? 255 : value));
  });
}

describe('frames that a painted mix needs', () => {
  test('reach to the one above its alpha', () => {
    assert.deepEqual([0, 0.05, 0.1, 0.3, 0.95, 1].map((alpha) => framesNeeded(alpha, 10)), [2, 2, 3, 5, 11, 11]);
  });
});

describe('a blend of frames', () => {
  const everything = { left: 0, top: 0, width: 1, height: 1 };

  test('mixes the two frames that are nearest to alpha times the mask', () => {
    // The mask makes alpha 0.8 * 0.6 = 0.48: between the frames of 0.4 (level 32) and 0.5 (level 50).
    const result = new Uint8ClampedArray(4);
    blendFrames(result, 1, everything, frames(11, 1), Uint8ClampedArray.of(153), (0.8 * 10) / 255);
    const expected = Math.round(32 + 0.8 * (50 - 32));
    assert.deepEqual([...result], [expected, expected, expected, 255]);
  });

  test('is the first frame where nothing is painted, and the last where the mask is full', () => {
    const two = { left: 0, top: 0, width: 2, height: 1 };
    const result = new Uint8ClampedArray(8);
    blendFrames(result, 2, two, frames(11, 2), Uint8ClampedArray.of(0, 255), 10 / 255);
    assert.deepEqual([...result], [0, 0, 0, 255, 200, 200, 200, 255]);
  });

  test('works on channels apart', () => {
    const result = new Uint8ClampedArray(4);
    const two = [Uint8ClampedArray.of(0, 100, 200, 255), Uint8ClampedArray.of(100, 0, 220, 255)];
    blendFrames(result, 1, everything, two, Uint8ClampedArray.of(51), 1 / 255);
    assert.deepEqual([...result], [20, 80, 204, 255]);
  });

  test('leaves what is not of the part', () => {
    const result = new Uint8ClampedArray(4 * 12).fill(7);
    const part = { left: 1, top: 1, width: 2, height: 1 };
    blendFrames(result, 4, part, frames(2, 12), Uint8ClampedArray.of(255, 0), 1 / 255);
    const first = [...result].filter((_, byte) => byte % 4 === 0);
    assert.deepEqual(first, [7, 7, 7, 7, 7, 2, 0, 7, 7, 7, 7, 7]);
  });
});

describe('the part of a frame that a box touches', () => {
  const region = { left: 10, top: 20, width: 30, height: 20 };
  const frame = { width: 120, height: 80 };

  test('is all of it without a box', () => {
    assert.deepEqual(touchedPart(null, region, frame), { left: 0, top: 0, width: 120, height: 80 });
  });

  test('is in whole pixels of the frame', () => {
    const box = { left: 12.1, top: 22.6, right: 15.3, bottom: 24.9 };
    assert.deepEqual(touchedPart(box, region, frame), { left: 8, top: 10, width: 14, height: 10 });
  });

  test('is cut at the frame', () => {
    const box = { left: 0, top: 30, right: 15, bottom: 90 };
    assert.deepEqual(touchedPart(box, region, frame), { left: 0, top: 40, width: 20, height: 40 });
  });

  test('has no size where they do not meet', () => {
    const { width } = touchedPart({ left: 50, top: 20, right: 60, bottom: 30 }, region, frame);
    assert.ok(width <= 0);
  });
});
