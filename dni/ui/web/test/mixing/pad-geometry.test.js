// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { corners, namePlace, outline, sharesAfterKey, toCanvas, toPad } from '../../mixing/control/pad-geometry.js';
import { AroundSpace, SquareSpace, TriangleSpace } from '../../lib/frames/spaces.js';
import { assertClose } from '../support/numbers.js';

const CANVAS = { width: 190, height: 170 };
const [triangle, square] = [new TriangleSpace(), new SquareSpace()];

describe('a pad on its canvas', () => {
  test('leaves room for the dots on its corners', () => {
    assert.deepEqual(toCanvas({ x: 0, y: 0 }, CANVAS), { x: 16, y: 30 });
    assert.deepEqual(toCanvas({ x: 1, y: 1 }, CANVAS), { x: 174, y: 140 });
  });

  test('goes to the canvas and back', () => {
    for (const point of [{ x: 0.3, y: 0.8 }, { x: -0.1, y: 1.2 }]) {
      const back = toPad(toCanvas(point, CANVAS), CANVAS);
      assertClose([back.x, back.y], [point.x, point.y]);
    }
  });

  test('has the first of three ends on top, in the middle', () => {
    assert.deepEqual(corners(triangle, CANVAS), [{ x: 95, y: 30 }, { x: 16, y: 140 }, { x: 174, y: 140 }]);
  });

  test('has an outline that crosses no other side', () => {
    const places = corners(square, CANVAS);
    const around = outline(square).map((end) => places[end]);
    const sides = around.map((place, index) => [place, around[(index + 1) % 4]]);
    assert.ok(sides.every(([one, other]) => one.x === other.x || one.y === other.y));
    assert.deepEqual(outline(triangle), [0, 1, 2]);
  });

  test('with an end in the middle has three corners', () => {
    const around = new AroundSpace();
    assert.deepEqual(outline(around), [1, 2, 3]);
    assertClose(Object.values(corners(around, CANVAS)[0]), [95, 30 + (110 * 2) / 3]);
    assertClose(sharesAfterKey('1', around, [0, 1, 0, 0]) ?? [], [1, 0, 0, 0]);
  });

  test('has names within the canvas, where no corner is', () => {
    for (const space of [triangle, square, new AroundSpace()]) {
      for (const corner of corners(space, CANVAS)) {
        const { x, y, align, width } = namePlace(corner, CANVAS);
        const left = { left: x, right: x - width, center: x - width / 2 }[String(align)] ?? NaN;
        assert.ok(left >= 0 && left + width <= CANVAS.width && y > 6 && y < CANVAS.height - 6);
        assert.ok(Math.abs(y - corner.y) >= 18);
      }
    }
  });
});

describe('a key on the pad', () => {
  const middle = [0.25, 0.25, 0.25, 0.25];

  test('moves the mix by a twentieth', () => {
    assertClose(sharesAfterKey('ArrowRight', square, middle) ?? [], square.sharesAt({ x: 0.55, y: 0.5 }));
    assertClose(sharesAfterKey('ArrowUp', square, middle) ?? [], square.sharesAt({ x: 0.5, y: 0.45 }));
  });

  test('stops at the edge', () => {
    assertClose(sharesAfterKey('ArrowLeft', square, [1, 0, 0, 0]) ?? [], [1, 0, 0, 0]);
    assertClose(sharesAfterKey('ArrowDown', triangle, [0, 0.5, 0.5]) ?? [], [0, 0.5, 0.5]);
  });

  test('goes to the end of its number', () => {
    assert.deepEqual(sharesAfterKey('3', triangle, [1, 0, 0]), [0, 0, 1]);
    assert.equal(sharesAfterKey('4', triangle, [1, 0, 0]), null);
    assert.equal(sharesAfterKey('0', triangle, [1, 0, 0]), null);
  });

  test('means nothing else', () => {
    for (const key of ['Enter', ' ', 'Tab', 'a', 'toString', '1.5']) {
      assert.equal(sharesAfterKey(key, triangle, [1, 0, 0]), null);
    }
  });
});
