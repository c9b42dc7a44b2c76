// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { ask, NO_ANSWER } from '../../lib/protocol.js';

test('a request goes to the function of its name, and its reply comes back', async () => {
  /** @type {unknown[]} */
  const asked = [];
  const server = { frame: async (/** @type {unknown} */ request) => { asked.push(request); return { jpeg: '' }; } };
  assert.deepEqual(await ask(server, 'frame', { alpha: 0.5 }), { jpeg: '' });
  assert.deepEqual(asked, [{ alpha: 0.5 }]);
});

test('a server that is gone gives an error like any other', async () => {
  const gone = { frame: async () => { throw new Error('network'); } };
  const empty = { frame: async () => null };
  for (const server of [gone, empty, {}]) {
    assert.deepEqual(await ask(server, 'frame', {}), { error: NO_ANSWER });
  }
});
