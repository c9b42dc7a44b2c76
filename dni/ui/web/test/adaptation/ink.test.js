// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { PAD_SIDE, boundsOf, normalizeInk } from '../../adaptation/drawing/ink.js';

/**
 * A pad with rectangles of ink.
 * @param {...[left: number, top: number, width: number, height: number]} rectangles
 */
function padWith(...rectangles) {
  const values = new Float32Array(PAD_SIDE * PAD_SIDE);
  for (const [left, top, width, height] of rectangles) {
    for (let y = top; y < top + height; y++) values.fill(1, y * PAD_SIDE + left, y * PAD_SIDE + left + width);
  }
  return values;
}

/** @param {Uint8Array} ink */
function describe(ink) {
  let [mass, x, y] = [0, 0, 0];
  const [columns, rows] = [new Set(), new Set()];
  ink.forEach((level, n) => {
    if (!level) return;
    mass += level;
    x += level * ((n % 28) + 0.5);
    y += level * (Math.floor(n / 28) + 0.5);
    columns.add(n % 28);
    rows.add(Math.floor(n / 28));
  });
  return { width: columns.size, height: rows.size, x: x / mass, y: y / mass };
}

test('bounds hold all ink and no more', () => {
  assert.deepEqual(boundsOf(padWith([30, 40, 5, 60], [100, 50, 10, 3])), { left: 30, top: 40, width: 80, height: 60 });
  assert.equal(boundsOf(padWith()), null);
});

test('an empty pad has no ink', () => {
  assert.equal(normalizeInk(padWith()), null);
});

for (const { name, rectangles } of [
  { name: 'a tall stroke', rectangles: [[200, 10, 20, 200]] },
  { name: 'a wide stroke', rectangles: [[5, 250, 240, 24]] },
  { name: 'an L in a corner', rectangles: [[10, 10, 12, 80], [10, 78, 60, 12]] },
  { name: 'a dot', rectangles: [[139, 3, 2, 2]] },
]) {
  test(`${name} has twenty pixels on its longer side and its mass in the middle`, () => {
    const ink = normalizeInk(padWith(.../** @type {[number, number, number, number][]} */ (rectangles)));
    assert.ok(ink);
    const { width, height, x, y } = describe(ink);
    assert.equal(Math.max(width, height), 20);
    assert.ok(Math.abs(x - 14) <= 0.6 && Math.abs(y - 14) <= 0.6, `${x}, ${y}`);
  });
}

test('levels are the shares that ink covers', () => {
  // Twenty rows of 10 by 10; of the last only a half is inked.
  const ink = normalizeInk(padWith([100, 40, 10, 190], [100, 230, 5, 10]));
  assert.ok(ink);
  const levels = [...ink].filter((level) => level > 0);
  assert.deepEqual(levels, [...Array(19).fill(255), 128]);
});

test('ink stays on the sheet where its mass is far from its middle', () => {
  const ink = normalizeInk(padWith([0, 0, 200, 8], [0, 0, 100, 200]));
  assert.ok(ink);
  const { width, height } = describe(ink);
  assert.deepEqual([width, height], [20, 20]);
});
