// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { touchedPart } from '../../mixing/mask/frame-blend.js';
import { MaskSteps } from '../../mixing/mask/mask-steps.js';
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
 * @param {Mask} mask
 * @param {() => void} act one step
 * @param {boolean} [on] whether the mask applies after it
 */
function change(mask, act, on = true) {
  mask.begin();
  act();
  mask.on = on;
  mask.commit();
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

  test('has nothing to undo: what was on another picture is not brought back', () => {
    const mask = openMask();
    const { state } = mask;
    change(mask, () => mask.fill(255));
    const filled = mask.state;
    mask.open(PICTURE);
    for (const old of [state, filled]) {
      assert.deepEqual(mask.known(old), mask.state);
      mask.restore(old);
      assert.ok(mask.levels.every((level) => level === 0));
      assert.equal(mask.on, false);
    }
  });
});

describe('a mask as a whole', () => {
  test('is inverted level by level', () => {
    const mask = openMask();
    const given = noise(7, 5);
    mask.take({ ...given, levels: given.levels.slice() });
    mask.invert();
    assert.deepEqual(mask.levels, given.levels.map((level) => 255 - level));
    mask.invert();
    assert.deepEqual(mask.levels, given.levels);
  });
});

describe('undo and redo of a mask', () => {
  test('go through strokes, other sizes and changes of the whole, and whether it applies', () => {
    const mask = openMask();
    /** @type {[import('../../mixing/mask/mask.js').MaskState, object][]} */
    const seen = [];
    const look = () => ({ on: mask.on, width: mask.width, height: mask.height, levels: mask.levels.slice() });
    const step = (/** @type {() => void} */ act) => {
      change(mask, act);
      seen.push([mask.state, look()]);
    };
    seen.push([mask.state, look()]);
    step(() => mask.dab({ x: 20, y: 20 }, BRUSH));
    step(() => mask.dab({ x: 30, y: 20 }, { ...BRUSH, erase: true }));
    step(() => mask.take(noise(30, 60)));
    step(() => mask.dab({ x: 10, y: 10 }, BRUSH));
    step(() => mask.invert());
    change(mask, () => mask.fill(0), false);
    seen.push([mask.state, look()]);
    for (const order of [[...seen].reverse(), seen, [seen[6], seen[1], seen[4], seen[0], seen[6]]]) {
      for (const [state, was] of order) {
        mask.restore(state);
        assert.deepEqual(look(), was);
        assert.deepEqual(mask.state, state);
      }
    }
  });

  test('a new stroke takes the place of those that were undone', () => {
    const mask = openMask();
    const empty = mask.state;
    for (const x of [10, 30]) change(mask, () => mask.dab({ x, y: 20 }, BRUSH));
    mask.restore(empty);
    change(mask, () => mask.dab({ x: 50, y: 20 }, BRUSH));
    const [last, levels] = [mask.state, mask.levels.slice()];
    mask.restore(empty);
    assert.ok(mask.levels.every((level) => level === 0));
    mask.restore({ position: last.position + 1, isOn: true });
    assert.deepEqual([mask.state, mask.levels], [last, levels], 'there is nothing after it');
  });

  test('a stroke that is being painted is not a step yet, and is one when something else is undone', () => {
    const mask = openMask();
    change(mask, () => mask.dab({ x: 10, y: 20 }, BRUSH));
    const { state } = mask;
    mask.begin();
    mask.dab({ x: 40, y: 20 }, BRUSH);
    mask.on = true;
    assert.deepEqual(mask.state, state);
    const levels = mask.levels.slice();
    mask.restore(state);
    mask.restore({ position: state.position + 1, isOn: true });
    assert.deepEqual(mask.levels, levels);
  });

  test('keep a bounded number of bytes: the oldest steps are forgotten', () => {
    const steps = new MaskSteps(1000);
    let mask = noise(30, 10);
    const [given, empty] = [mask.levels.slice(), { ...steps.known({ position: 0, isOn: false }) }];
    for (let step = 1; step <= 40; step++) {
      const after = { ...mask, levels: mask.levels.map((level) => 255 - level) };
      steps.record(mask, after, step > 37);
      mask = after;
    }
    assert.ok(steps.bytes <= 1000 && steps.bytes > 600);
    const oldest = steps.known(empty);
    assert.deepEqual(oldest, { position: 37, isOn: false });
    assert.deepEqual(steps.go(mask, 0).levels, given.map((level) => 255 - level), '37 inversions are left');
    assert.equal(steps.position, 37);
  });

  test('a stroke takes as much as its box, and none where it changes nothing', () => {
    const steps = new MaskSteps();
    const before = { width: 500, height: 400, levels: new Uint8ClampedArray(200_000) };
    const after = { ...before, levels: before.levels.slice() };
    after.levels.fill(9, 100, 120);
    after.levels.fill(9, 1100, 1105);
    steps.record(before, after, true);
    assert.equal(steps.bytes, 60);
    steps.record(after, { ...after, levels: after.levels.slice() }, true);
    assert.equal(steps.position, 1);
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
