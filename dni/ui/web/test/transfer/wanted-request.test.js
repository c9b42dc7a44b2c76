// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WantedRequest } from '../../transfer/wanted-request.js';
import { settled } from '../support/fake-server.js';

function makeRequest() {
  /** @type {((reply: string) => void)[]} */
  const answers = [];
  /** @type {string[]} */
  const received = [];
  /** @type {WantedRequest<{ ink: string }, string>} */
  const request = new WantedRequest(() => new Promise((resolve) => { answers.push(resolve); }), (reply) => received.push(reply));
  const answer = (/** @type {string} */ reply) => { answers.at(-1)?.(reply); return settled(); };
  return { request, answer, received };
}

test('the answer to what is wanted is received', async () => {
  const { request, answer, received } = makeRequest();
  request.want({ ink: 'a' });
  await answer('A');
  assert.deepEqual(received, ['A']);
});

test('an answer to what was wanted before is not, even if the same is wanted again', async () => {
  const { request, answer, received } = makeRequest();
  request.want({ ink: 'a' });
  request.want({ ink: 'a' });
  await answer('older');
  assert.deepEqual(received, []);
  await answer('newer');
  assert.deepEqual(received, ['newer']);
});

test('once nothing is wanted, nothing is received', async () => {
  const { request, answer, received } = makeRequest();
  request.want({ ink: 'a' });
  request.want(null);
  await answer('A');
  assert.deepEqual(received, []);
});
