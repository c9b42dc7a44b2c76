// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { touchedPart } from '../../mixing/mask/frame-blend.js';
import { enlarge, Mask, maskSize } from '../../mixing/mask/mask.js';
import { assertClose, randomNumbers } from '../support/numbers.js';

const PICTURE = { width: 60, height: 40 };
const BRUSH = { radius: 5, softness: 0.6, strength: 1, erase: false };

function openMask(picture = PICTURE) {
  const mask = new Mask();
  mask.open(picture);
  return mask;
}

/**
 * @param {number} width
 * @param {number} height
 */
function noise(width, height) {
  const next = randomNumbers(width);
  return { width, height, levels: Uint8ClampedArray.from({ length: width * height }, () => 256 * next()) };
}

test('a mask is at most 512 pixels a side', () => {
  assert.deepEqual(maskSize({ width: 60, height: 40 }), { width: 60, height: 40 });
  assert.deepEqual(maskSize({ width: 2048, height: 1024 }), { width: 512, height: 256 });
  assert.deepEqual(maskSize({ width: 5000, height: 2 }), { width: 512, height: 1 });
});

describe('a new picture', () => {
  test('has an empty mask that does not apply', () => {
    const mask = openMask();
    mask.fill(255);
    mask.on = true;
    const { version } = mask;
    mask.open({ width: 30, height: 20 });
    assert.deepEqual([mask.on, mask.width, mask.height], [false, 30, 20]);
    assert.ok(mask.levels.every((level) => level === 0));
    assert.ok(mask.version > version);
  });

  test('has nothing to undo', () => {
    const mask = openMask();
    mask.remember();
    mask.open(PICTURE);
    assert.equal(mask.undo(), false);
  });
});

describe('a mask as a whole', () => {
  test('is filled, inverted and brought back', () => {
    const mask = openMask();
    mask.remember();
    mask.fill(255);
    mask.remember();
    mask.invert();
    assert.ok(mask.levels.every((level) => level === 0));
    assert.ok(mask.undo());
    assert.ok(mask.levels.every((level) => level === 255));
    assert.ok(mask.undo());
    assert.ok(mask.levels.every((level) => level === 0));
    assert.equal(mask.undo(), false);
  });

  test('is inverted level by level', () => {
    const mask = openMask();
    const given = noise(7, 5);
    mask.take({ ...given, levels: given.levels.slice() });
    mask.invert();
    assert.deepEqual(mask.levels, given.levels.map((level) => 255 - level));
    mask.invert();
    assert.deepEqual(mask.levels, given.levels);
  });

  test('is taken at its own size, and undone at the size before', () => {
    const mask = openMask();
    mask.take(noise(30, 60));
    assert.deepEqual([mask.width, mask.height], [30, 60]);
    mask.undo();
    assert.deepEqual([mask.width, mask.height], [60, 40]);
  });

  test('is undone twelve times, and not further', () => {
    const mask = openMask();
    for (let level = 1; level <= 20; level++) {
      mask.remember();
      mask.fill(level);
    }
    let undone = 0;
    while (mask.undo()) undone += 1;
    assert.equal(undone, 12);
    assert.equal(mask.levels[0], 8);
  });

  test('has a stroke undone as it was before', () => {
    const mask = openMask();
    mask.dab({ x: 20, y: 20 }, BRUSH);
    const before = mask.levels.slice();
    mask.remember();
    mask.dab({ x: 30, y: 20 }, BRUSH);
    assert.notDeepEqual(mask.levels, before);
    mask.undo();
    assert.deepEqual(mask.levels, before);
  });
});

describe('what changed since a version', () => {
  test('is the box of all dabs since', () => {
    const mask = openMask();
    mask.dab({ x: 20, y: 20 }, BRUSH);
    const { version } = mask;
    mask.dab({ x: 30, y: 10 }, BRUSH);
    mask.dab({ x: 40, y: 30 }, BRUSH);
    assert.deepEqual(mask.changedSince(version), { left: 23, top: 3, right: 47, bottom: 37 });
    assert.deepEqual(mask.changedSince(mask.version - 1), { left: 33, top: 23, right: 47, bottom: 37 });
  });

  test('is everything after a change of the whole', () => {
    const mask = openMask();
    const { version } = mask;
    mask.dab({ x: 20, y: 20 }, BRUSH);
    mask.invert();
    assert.equal(mask.changedSince(version), null);
    const inverted = mask.version;
    mask.dab({ x: 20, y: 20 }, BRUSH);
    assert.notEqual(mask.changedSince(inverted), null);
  });

  test('is everything after more dabs than are remembered', () => {
    const mask = openMask();
    const { version } = mask;
    for (let count = 0; count < 201; count++) mask.dab({ x: 20, y: 20 }, BRUSH);
    assert.equal(mask.changedSince(version), null);
    mask.dab({ x: 20, y: 20 }, BRUSH);
    assert.notEqual(mask.changedSince(mask.version - 1), null);
  });
});

describe('enlarging a mask', () => {
  const frame = { width: 240, height: 160 };
  const everything = { left: 0, top: 0, ...PICTURE };
  const all = { left: 0, top: 0, ...frame };

  test('is bilinear between the middles of its pixels', () => {
    const mask = noise(30, 20);
    const levels = enlarge(mask, PICTURE, everything, frame, all);
    for (const [x, y] of [[0, 0], [239, 159], [100, 3], [57, 120]]) {
      assertClose([levels[y * frame.width + x]], [bilinear(mask, (x + 0.5) / 8 - 0.5, (y + 0.5) / 8 - 0.5)], 0.51);
    }
  });

  test('gives the mask itself at its own size', () => {
    const mask = noise(60, 40);
    assert.deepEqual(enlarge(mask, PICTURE, everything, PICTURE, everything), mask.levels);
  });

  test('gives the same levels for a part as for the whole', () => {
    const mask = noise(45, 70);
    const whole = enlarge(mask, PICTURE, everything, frame, all);
    const part = { left: 33, top: 21, width: 50, height: 40 };
    const levels = enlarge(mask, PICTURE, everything, frame, part);
    for (let row = 0; row < part.height; row++) {
      const start = (part.top + row) * frame.width + part.left;
      assert.deepEqual(levels.slice(row * part.width, (row + 1) * part.width), whole.slice(start, start + part.width));
    }
  });

  test('gives the same levels for a region as for the whole picture', () => {
    const mask = noise(60, 40);
    const whole = enlarge(mask, PICTURE, everything, frame, all);
    const region = { left: 10, top: 5, width: 20, height: 15 };
    const levels = enlarge(mask, PICTURE, region, { width: 80, height: 60 }, { left: 0, top: 0, width: 80, height: 60 });
    assert.deepEqual(levels.slice(0, 80), whole.slice(20 * frame.width + 40, 20 * frame.width + 120));
  });

  test('a dab changes nothing outside of the box that it tells', () => {
    const mask = openMask();
    mask.take({ width: 13, height: 9, levels: noise(13, 9).levels });
    const before = enlarge(mask, PICTURE, everything, frame, all);
    const { version } = mask;
    mask.dab({ x: 31, y: 17 }, { ...BRUSH, radius: 4 });
    const after = enlarge(mask, PICTURE, everything, frame, all);
    const part = touchedPart(mask.changedSince(version), everything, frame);
    let changed = 0;
    after.forEach((level, index) => {
      const [x, y] = [index % frame.width, Math.floor(index / frame.width)];
      const inside = x >= part.left && x < part.left + part.width && y >= part.top && y < part.top + part.height;
      if (level !== before[index]) {
        changed += 1;
        assert.ok(inside, `${x} ${y}`);
      }
    });
    assert.ok(changed > 0 && part.width < frame.width && part.height < frame.height);
  });
});

/**
 * @param {{ width: number, height: number, levels: Uint8ClampedArray }} mask
 * @param {number} x
 * @param {number} y
 */
function bilinear({ width, height, levels }, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  /**
   * @param {number} column
   * @param {number} row
   */
  const at = (column, row) =>
    levels[Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column))];
  const [right, down] = [x - left, y - top];
  const upper = (1 - right) * at(left, top) + right * at(left + 1, top);
  const lower = (1 - right) * at(left, top + 1) + right * at(left + 1, top + 1);
  return (1 - down) * upper + down * lower;
}
