// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { Surroundings } from '../../../lib/canvas/surroundings.js';
import { View } from '../../../lib/canvas/view.js';
import { fakeFrame, settled } from '../../support/fake-server.js';

/** @typedef {import('../../../lib/protocol.js').FrameReply} FrameReply */
/** @typedef {import('../../../lib/protocol.js').Region} Region */

const LIVE = { left: 100, top: 100, width: 100, height: 100 };

/** A picture that is shown as a whole, and a server whose answers are given by hand. */
function scene({ width = 300, height = 300, scale = 1, live = 100 * 100 } = {}) {
  const view = new View();
  view.resize(600, 600, 1);
  view.open({ width, height, scale, live_pixels: live });
  /** @type {{ region: Region, answer: (reply: FrameReply) => void }[]} */
  const asked = [];
  const state = { rests: true, changes: 0 };
  const around = new Surroundings({
    view,
    ask: (region) => new Promise((answer) => asked.push({ region, answer })),
    rests: () => state.rests,
    decode: async (jpeg) => fakeFrame(jpeg),
    changed: () => { state.changes += 1; },
  });
  around.of('first');
  const send = async (jpeg = 'piece') => {
    asked[asked.length - 1].answer({ jpeg, milliseconds: 5, notice: '' });
    await settled();
  };
  return { around, asked, send, state, view };
}

test('the pieces around the live part come one by one, the nearest first', async () => {
  const { around, asked, send, state } = scene();
  around.fetch(LIVE);
  around.fetch(LIVE); // is on its way
  assert.equal(asked.length, 1);
  while (!around.covers(LIVE)) await send();
  const corners = asked.map(({ region: { left, top } }) => Math.hypot(left - 100, top - 100));
  assert.deepEqual(corners, [...corners].sort((one, other) => one - other));
  assert.equal(asked.length, 8);
  assert.equal(state.changes, 8);
  const area = around.pieces.reduce((sum, { region }) => sum + region.width * region.height, LIVE.width * LIVE.height);
  assert.equal(area, 300 * 300);
});

test('nothing is asked for while the mix moves, and what comes late is not shown', async () => {
  const { around, asked, send, state } = scene();
  around.fetch(LIVE);
  await send();
  assert.equal(around.pieces.length, 1);
  const [{ bitmap }] = around.pieces;
  state.rests = false;
  around.of('second');
  assert.ok(/** @type {import('../../support/fake-server.js').FakeFrame} */ (bitmap).isClosed);
  await send('late');
  assert.deepEqual(around.pieces, []);
  assert.equal(asked.length, 2);
  await around.fetch(LIVE);
  assert.equal(asked.length, 2);
});

test('a view that moves gets its live part first', async () => {
  const { around, asked, view } = scene();
  view.show({ left: 0, top: 0, width: 60, height: 60 });
  await around.fetch(LIVE);
  assert.equal(asked.length, 0);
});

test('what was refused is not asked for again at this mix, what was dropped is', async () => {
  const { around, asked } = scene();
  around.fetch(LIVE);
  asked[0].answer({ dropped: true });
  await settled();
  assert.equal(asked.length, 1);
  around.fetch(LIVE);
  assert.equal(asked.length, 2);
  asked[1].answer({ error: 'No.' });
  await settled();
  around.fetch(LIVE);
  assert.equal(asked.length, 2);
  around.of('second');
  around.fetch(LIVE);
  assert.equal(asked.length, 3);
});

test('of what was seen before not all is kept', async () => {
  const { around, send, state, view } = scene({ width: 12000 });
  for (let left = 0; left < 12000; left += 100) {
    view.show({ left, top: 0, width: 100, height: 300 });
    const live = view.region(null);
    const fetched = around.fetch(live);
    while (around.missing(live).length) await send();
    await fetched;
  }
  assert.ok(state.changes > 96);
  assert.ok(around.pieces.length <= 96);
});

test('a picture that is live as a whole has none, and one that is far larger neither', async () => {
  for (const options of [{ live: 300 * 300 }, { width: 3000, height: 3000 }, { scale: 17 }]) {
    const { around, asked } = scene(options);
    await around.fetch(LIVE);
    assert.equal(asked.length, 0);
    assert.ok(!around.covers(LIVE));
  }
});

test('of a part that is zoomed into only what is seen is fetched', async () => {
  const { around, view } = scene();
  view.show({ left: 120, top: 120, width: 60, height: 60 });
  assert.deepEqual(around.missing(LIVE), []);
  view.show({ left: 180, top: 120, width: 60, height: 60 });
  assert.deepEqual(around.missing(LIVE), [{ left: 200, top: 100, width: 100, height: 100 }]);
});
