// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LatestRequest } from '../../mixing/panels/latest-request.js';

test('a late reply to an older request is not the latest', async () => {
  const latest = new LatestRequest();
  /** @type {string[]} */
  const shown = [];
  /**
   * @param {string} reply
   * @param {Promise<void>} arrival
   */
  const show = async (reply, arrival) => {
    const isLatest = latest.begin();
    await arrival;
    if (isLatest()) shown.push(reply);
  };
  let arrive = () => {};
  const slow = show('older', new Promise((resolve) => { arrive = resolve; }));
  await show('newer', Promise.resolve());
  arrive();
  await slow;
  assert.deepEqual(shown, ['newer']);
});

test('every request is out of date once another has begun', () => {
  const latest = new LatestRequest();
  const first = latest.begin();
  assert.ok(first());
  const second = latest.begin();
  assert.deepEqual([first(), second()], [false, true]);
});

test('requests of two owners do not meet', () => {
  const [one, other] = [new LatestRequest(), new LatestRequest()];
  const isLatest = one.begin();
  other.begin();
  assert.ok(isLatest());
});
