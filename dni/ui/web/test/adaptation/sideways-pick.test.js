// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { attachSidewaysPick } from '../../adaptation/charts/sideways-pick.js';

function makeCanvas() {
  const canvas = Object.assign(new EventTarget(), { classList: { add() {} }, setPointerCapture() {} });
  /** @type {number[]} */
  const picked = [];
  attachSidewaysPick(/** @type {any} */ (canvas), ({ clientX }) => picked.push(clientX));
  /**
   * @param {string} type
   * @param {number} clientX
   * @param {number} clientY
   */
  const send = (type, clientX, clientY) => canvas.dispatchEvent(
    Object.assign(new Event(type), { pointerId: 1, button: 0, clientX, clientY }));
  return { picked, send };
}

test('a swipe that scrolls the page picks nothing', () => {
  const { picked, send } = makeCanvas();
  send('pointerdown', 50, 100);
  send('pointermove', 52, 90);
  send('pointermove', 56, 70);
  send('pointercancel', 56, 70);
  send('pointermove', 90, 70);
  assert.deepEqual(picked, []);
});

test('a drag sideways picks from where it is one, wherever it goes then', () => {
  const { picked, send } = makeCanvas();
  send('pointerdown', 50, 100);
  send('pointermove', 52, 100);
  send('pointermove', 60, 101);
  send('pointermove', 60, 180);
  send('pointerup', 60, 180);
  send('pointermove', 90, 180);
  assert.deepEqual(picked, [60, 60]);
});

test('a click picks', () => {
  const { picked, send } = makeCanvas();
  send('pointerdown', 50, 100);
  send('pointerup', 50, 100);
  send('click', 50, 100);
  assert.deepEqual(picked, [50]);
});
