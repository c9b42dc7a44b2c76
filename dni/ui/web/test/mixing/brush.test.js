// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { brushRadius, dabsBetween, falloff, paintDab } from '../../mixing/mask/brush.js';
import { assertClose } from '../support/numbers.js';

/** @typedef {import('../../mixing/mask/brush.js').Brush} Brush */
/** @typedef {import('../../mixing/mask/brush.js').Size} Size */

const PICTURE = { width: 100, height: 80 };
const MIDDLE = { x: 50, y: 40 };
/** @type {Brush} */
const HARD = { radius: 10, softness: 0, strength: 1, erase: false };

/** @param {Size} size */
function emptyMask({ width, height } = PICTURE) {
  return { width, height, levels: new Uint8ClampedArray(width * height) };
}

/**
 * @param {ReturnType<typeof emptyMask>} mask
 * @param {number} x
 * @param {number} y
 */
const levelAt = (mask, x, y) => mask.levels[y * mask.width + x];

describe('the radius', () => {
  test('grows with the square of the slider, to half the longer side', () => {
    assert.equal(brushRadius(100, PICTURE), 50);
    assert.equal(brushRadius(50, PICTURE), 12.5);
    assert.equal(brushRadius(24, { width: 512, height: 300 }), 0.24 ** 2 * 256);
  });

  test('always holds a pixel', () => {
    assert.equal(brushRadius(1, PICTURE), 0.6);
  });
});

describe('dabs along a stroke', () => {
  test('are no further apart than a quarter of the radius', () => {
    const [from, to] = [{ x: 3, y: 4 }, { x: 33, y: 44 }];
    const dabs = dabsBetween(from, to, 8);
    assert.equal(dabs.length, 25);
    assert.deepEqual(dabs.at(-1), to);
    [from, ...dabs].reduce((last, dab) => {
      assertClose([Math.hypot(dab.x - last.x, dab.y - last.y)], [2]);
      return dab;
    });
  });

  test('are at least one, also for a stroke that stays in place', () => {
    assert.deepEqual(dabsBetween(MIDDLE, MIDDLE, 8), [MIDDLE]);
  });

  test('of a small brush are not closer than half a pixel', () => {
    assert.equal(dabsBetween({ x: 0, y: 0 }, { x: 10, y: 0 }, 0.6).length, 20);
  });
});

describe('the falloff', () => {
  test('of a soft brush is linear outside of its hard middle', () => {
    assertClose([0, 0.4, 0.7, 1, 1.5].map((distance) => falloff(distance, 0.6)), [1, 1, 0.5, 0, 0]);
    assertClose([0, 0.25, 1].map((distance) => falloff(distance, 1)), [1, 0.75, 0]);
  });

  test('of a hard brush is at its very edge', () => {
    assert.deepEqual([0, 0.98, 1].map((distance) => falloff(distance, 0)), [1, 1, 0]);
  });
});

describe('a dab', () => {
  test('paints a disc', () => {
    const mask = emptyMask();
    paintDab(mask, PICTURE, MIDDLE, HARD);
    assert.equal(levelAt(mask, 50, 40), 255);
    assert.equal(levelAt(mask, 58, 40), 255);
    assert.equal(levelAt(mask, 60, 40), 0);
    assert.equal(levelAt(mask, 58, 48), 0, 'a corner of its box');
    const painted = mask.levels.filter((level) => level === 255).length;
    assert.ok(Math.abs(painted - Math.PI * 100) < 12, `${painted} pixels`);
  });

  test('is as strong as the brush', () => {
    const mask = emptyMask();
    paintDab(mask, PICTURE, MIDDLE, { ...HARD, strength: 0.4 });
    assert.equal(levelAt(mask, 50, 40), 102);
  });

  test('fades towards its edge', () => {
    const mask = emptyMask();
    paintDab(mask, PICTURE, { x: 50.5, y: 40.5 }, { ...HARD, softness: 1 });
    assertClose([50, 52, 55, 59].map((x) => levelAt(mask, x, 40)), [255, 204, 128, 26], 1);
  });

  test('leaves what is stronger already', () => {
    const mask = emptyMask();
    paintDab(mask, PICTURE, MIDDLE, { ...HARD, strength: 0.8 });
    const once = mask.levels.slice();
    paintDab(mask, PICTURE, MIDDLE, { ...HARD, strength: 0.3 });
    assert.deepEqual(mask.levels, once);
    paintDab(mask, PICTURE, MIDDLE, { ...HARD, strength: 0.8 });
    assert.deepEqual(mask.levels, once, 'the same dab twice changes nothing');
  });

  test('of the eraser takes away what a dab of the brush put there', () => {
    const mask = emptyMask();
    const soft = { ...HARD, softness: 0.6 };
    mask.levels.fill(255);
    paintDab(mask, PICTURE, MIDDLE, { ...soft, erase: true });
    const painted = emptyMask();
    paintDab(painted, PICTURE, MIDDLE, soft);
    assertClose(mask.levels, painted.levels.map((level) => 255 - level), 1);
  });

  test('of a weak eraser leaves a part', () => {
    const mask = emptyMask();
    mask.levels.fill(255);
    paintDab(mask, PICTURE, MIDDLE, { ...HARD, erase: true, strength: 0.4 });
    assert.equal(levelAt(mask, 50, 40), 153);
  });

  test('is round on the picture, whatever the size of the mask', () => {
    const mask = emptyMask({ width: 200, height: 40 });
    paintDab(mask, PICTURE, MIDDLE, HARD);
    const columns = [...Array(200).keys()].filter((x) => levelAt(mask, x, 20) > 0);
    const rows = [...Array(40).keys()].filter((y) => levelAt(mask, 100, y) > 0);
    assert.ok(Math.abs(columns.length - 40) <= 1 && Math.abs(rows.length - 10) <= 1);
  });

  test('of the smallest brush paints something on a coarse mask', () => {
    const mask = emptyMask({ width: 10, height: 8 });
    paintDab(mask, PICTURE, { x: 55, y: 45 }, { ...HARD, radius: 0.6 });
    assert.equal(levelAt(mask, 5, 4), 255);
  });

  test('over an edge stays on the mask', () => {
    const mask = emptyMask();
    for (const middle of [{ x: 0, y: 0 }, { x: 100, y: 80 }, { x: -30, y: 40 }]) paintDab(mask, PICTURE, middle, HARD);
    assert.equal(levelAt(mask, 0, 0), 255);
    assert.equal(levelAt(mask, 99, 79), 255);
    assert.equal(levelAt(mask, 0, 40), 0, 'a dab outside of the picture');
  });

  test('tells the box that changed, with its neighbours', () => {
    const box = paintDab(emptyMask({ width: 50, height: 20 }), PICTURE, MIDDLE, HARD);
    assert.deepEqual(box, { left: 36, top: 22, right: 64, bottom: 58 });
  });
});
