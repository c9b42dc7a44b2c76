// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { makeGrid, openScene, seen } from '../../support/grids.js';

const LINE_AHEAD = ['0', '1', '0.5', '0.2', '0.8', '0.1', '0.9', '0.3', '0.7', '0.4', '0.6'];

/** A complete line, resting at an alpha. @param {number} alpha */
async function completeLine(alpha) {
  const made = makeGrid();
  made.grid.shares = [1 - alpha, alpha];
  openScene(made.grid);
  await made.server.sendAll();
  made.clock.advance(1000);
  return made;
}

test('at rest the exact frame comes first, then keyframes ahead of time, evenly and one by one', async () => {
  const { grid, server } = makeGrid();
  grid.shares = [0.65, 0.35];
  openScene(grid);
  assert.deepEqual(server.waiting, ['0.35']);
  await server.send();
  for (const alpha of LINE_AHEAD) {
    assert.deepEqual(server.waiting, [`ahead ${alpha}`]);
    await server.send();
  }
  assert.deepEqual(server.waiting, []);
  assert.equal(grid.missing().length, 0);
});

test('while the mix changes, neighbouring keyframes are faded and nothing is asked for', async () => {
  const { grid, server, clock } = await completeLine(0.5);
  grid.setShares([0.36, 0.64]);
  assert.deepEqual(server.waiting, []);
  assert.deepEqual(seen(grid), { frames: { 0.6: 0.6, 0.7: 0.4 }, status: 'preview' });
  clock.advance(149);
  assert.deepEqual(server.waiting, []);
  clock.advance(1);
  assert.deepEqual(server.waiting, ['0.64']);
  assert.equal(seen(grid).status, 'preview');
  await server.send();
  assert.deepEqual(seen(grid), { frames: { 0.64: 1 }, status: 'exact' });
});

test('where keyframes are missing, frames are live: at most two on their way, and at rest the last one', async () => {
  const { grid, server, clock } = makeGrid();
  openScene(grid);
  await server.send('0.5');
  assert.deepEqual(server.waiting, ['ahead 0']);
  for (const alpha of [0.31, 0.32, 0.33, 0.34]) grid.setShares([1 - alpha, alpha]);
  assert.deepEqual(server.waiting, ['ahead 0', '0.31', '0.32']);
  assert.equal(seen(grid).status, 'waiting');
  clock.advance(150);
  assert.deepEqual(server.waiting, ['ahead 0', '0.31', '0.32', '0.34']);
});

test('an older slow answer never takes the place of a newer choice', async () => {
  const { grid, server, clock } = await completeLine(0.5);
  grid.setShares([0.07, 0.93]);
  clock.advance(150);
  grid.setShares([0.93, 0.07]);
  clock.advance(150);
  assert.deepEqual(server.waiting, ['0.93', '0.07']);
  await server.send('0.07');
  assert.deepEqual(seen(grid), { frames: { 0.07: 1 }, status: 'exact' });
  await server.send('0.93');
  assert.deepEqual(seen(grid), { frames: { 0.07: 1 }, status: 'exact' });
  grid.setShares([0.07, 0.93]);
  assert.deepEqual(seen(grid), { frames: { 0.93: 1 }, status: 'exact' }, 'it was kept for later');
});

test('after any order of answers the newest choice is what is shown', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { grid, server, clock } = makeGrid();
    openScene(grid);
    let state = seed;
    const chance = () => (state = (state * 48271) % 2147483647) / 2147483647;
    for (let step = 0; step < 60; step++) {
      const alpha = Math.round(chance() * 100) / 100;
      grid.setShares([1 - alpha, alpha]);
      clock.advance(chance() * 200);
      if (server.pending.length && chance() < 0.5) {
        const { answer, shares } = server.pending[Math.floor(chance() * server.pending.length)];
        await (chance() < 0.2 ? answer({ dropped: true }) : answer({ jpeg: `${shares[1]}`, milliseconds: 1, notice: '' }));
      }
    }
    grid.setShares([0.63, 0.37]);
    clock.advance(500);
    await server.sendAll();
    assert.deepEqual(seen(grid), { frames: { 0.37: 1 }, status: 'exact' }, `seed ${seed}`);
    assert.equal(grid.missing().length, 0);
  }
});

test('a dropped frame is asked for again if it is still wanted', async () => {
  const { grid, server, clock } = await completeLine(0.5);
  grid.setShares([0.36, 0.64]);
  clock.advance(150);
  await server.pending[0].answer({ dropped: true });
  assert.deepEqual(server.waiting, ['0.64']);
  grid.setShares([0.3, 0.7]);
  await server.pending[0].answer({ dropped: true });
  assert.deepEqual(server.waiting, [], 'a keyframe is there');
});

test('keyframes wait until the mix has not changed for 300 ms', async () => {
  const { grid, server, clock } = makeGrid();
  openScene(grid);
  await server.send('0.5');
  await server.send('ahead 0');
  assert.deepEqual(server.waiting, ['ahead 1']);
  grid.setShares([1, 0]);
  await server.send('ahead 1');
  clock.advance(299);
  assert.deepEqual(server.waiting, []);
  clock.advance(1);
  assert.deepEqual(server.waiting, ['ahead 0.2']);
});

test('what is out of date is not exact, and nothing is asked for it', async () => {
  const { grid, server, clock } = makeGrid();
  openScene(grid);
  await server.send('0.5');
  grid.invalidate();
  assert.equal(seen(grid).status, 'waiting');
  grid.setShares([0.2, 0.8]);
  clock.advance(1000);
  assert.deepEqual(server.waiting, ['ahead 0']);
  await server.sendAll();
  openScene(grid);
  assert.deepEqual(server.waiting, ['0.8']);
});

test('an error stops asking, keeps the picture, and goes with the next change', async () => {
  const { grid, server, clock, messages } = await completeLine(0.5);
  grid.setShares([0.49, 0.51]);
  clock.advance(150);
  await server.pending[0].answer({ error: 'Out of memory.' });
  assert.equal(messages.at(-1), 'Out of memory.');
  assert.deepEqual(seen(grid), { frames: { 0.5: 0.9, 0.6: 0.1 }, status: 'preview' });
  clock.advance(1000);
  assert.deepEqual(server.waiting, []);
  grid.setShares([0.48, 0.52]);
  clock.advance(150);
  await server.send('0.52');
  assert.equal(messages.at(-1), null);
  assert.equal(seen(grid).status, 'exact');
});

test('without any frame an error is said in the badge', async () => {
  const { grid, server } = makeGrid();
  openScene(grid);
  await server.pending[0].answer({ error: 'Out of memory.' });
  assert.deepEqual(seen(grid), { frames: {}, status: 'failed' });
});

test('an error of an older choice does not stop a newer one', async () => {
  const { grid, server, clock, messages } = await completeLine(0.5);
  grid.setShares([0.07, 0.93]);
  clock.advance(150);
  const [older] = server.pending;
  grid.setShares([0.93, 0.07]);
  clock.advance(150);
  await older.answer({ error: 'Out of memory.' });
  assert.equal(messages.includes('Out of memory.'), false);
  await server.send('0.07');
  assert.equal(seen(grid).status, 'exact');
});

test('a damaged frame is an error', async () => {
  const { grid, server, messages } = makeGrid();
  openScene(grid);
  await server.pending[0].answer({ jpeg: 'damaged', milliseconds: 1, notice: '' });
  assert.match(messages.at(-1) ?? '', /damaged/);
  assert.equal(seen(grid).status, 'failed');
});

test('a notice of the server is shown with its frame', async () => {
  const { grid, server, messages } = makeGrid();
  openScene(grid);
  await server.pending[0].answer({ jpeg: '0.5', milliseconds: 1, notice: 'Half as fast.' });
  assert.equal(messages.at(-1), 'Half as fast.');
  await server.send();
  assert.equal(messages.at(-1), null);
});

test('rest is told once after 150 ms without a change', () => {
  const { grid, clock, calls } = makeGrid();
  openScene(grid);
  for (const alpha of [0.1, 0.2, 0.3]) {
    grid.setShares([1 - alpha, alpha]);
    clock.advance(100);
  }
  assert.equal(calls.rest, 0);
  clock.advance(50);
  assert.equal(calls.rest, 1);
  clock.advance(1000);
  assert.equal(calls.rest, 1);
  grid.setShares([0.5, 0.5]);
  grid.rest();
  clock.advance(1000);
  assert.equal(calls.rest, 2);
});

test('keyframes that something else makes are not asked for before it has, or 30 s are over', async () => {
  for (const end of ['prepared', 'timeout']) {
    const { grid, server, clock } = makeGrid();
    openScene(grid, { prepares: true });
    await server.send('0.5');
    assert.deepEqual(server.waiting, []);
    if (end === 'prepared') grid.prepared(); else clock.advance(30000);
    assert.deepEqual(server.waiting, ['ahead 0']);
  }
});

test('the region follows the view once it has not moved for 200 ms', () => {
  /** @type {boolean[]} */
  const told = [];
  let left = 0;
  const { grid, clock } = makeGrid({
    region: () => ({ left, top: 0, width: 64, height: 48 }),
    onRegion: (region, isOther) => told.push(isOther),
  });
  openScene(grid);
  for (let step = 0; step < 5; step++) {
    grid.viewMoved();
    clock.advance(100);
  }
  clock.advance(100);
  assert.deepEqual(told, [false]);
  left = 10;
  grid.viewMoved();
  clock.advance(200);
  assert.deepEqual(told, [false, true]);
});

test('where cross-fading is bad, a line gets more keyframes', async () => {
  // A picture whose brightness has its bend at 0.5.
  const { grid, server } = makeGrid({
    pixels: (frame) => {
      const alpha = Number(/** @type {any} */ (frame).name.replace('ahead ', ''));
      return [alpha < 0.5 ? 0 : 255 * (alpha - 0.5)];
    },
  });
  openScene(grid);
  await server.sendAll();
  assert.deepEqual(server.asked.slice(-2), ['ahead 0.45', 'ahead 0.55']);
  assert.equal(grid.missing().length, 0);
  grid.setShares([0.52, 0.48]);
  assert.deepEqual(seen(grid).frames, { 0.45: 0.4, 0.5: 0.6 });
});

test('stop asks for nothing until the next change', async () => {
  const { grid, server, clock } = makeGrid();
  openScene(grid);
  await server.send('0.5');
  grid.stop();
  await server.sendAll();
  clock.advance(1000);
  assert.equal(server.asked.length, 2);
  grid.changed();
  clock.advance(1000);
  assert.equal(server.waiting.length, 1);
});

test('the time that is said is that of the frame on screen, and whether it was rendered', async () => {
  const { grid, server, clock } = makeGrid();
  openScene(grid);
  await server.pending[0].answer({ jpeg: '0.5', milliseconds: 12.4, notice: '' });
  assert.equal(grid.timing, 'rendered in 12 ms');
  clock.advance(7);
  await server.pending[0].answer({ jpeg: '0', milliseconds: 0, notice: '' });
  assert.equal(grid.timing, 'rendered in 12 ms');
  grid.setShares([1, 0]);
  assert.equal(grid.timing, 'fetched in 7.0 ms');
  grid.setShares([0.7, 0.3]);
  assert.equal(grid.timing, '');
});

test('a frame to compare with is fetched, and its time is not said', async () => {
  const { grid, server } = makeGrid({
    plan: () => ({ special: [{ use: 'compared', key: '0.3', aside: true }], own: true }),
  });
  openScene(grid);
  await server.pending[0].answer({ jpeg: 'compared', milliseconds: 5, notice: '' });
  assert.equal(grid.cache?.getSpecial('compared', '0.3') !== null, true);
  assert.equal(grid.timing, '');
  await server.pending[0].answer({ jpeg: '0.5', milliseconds: 12.4, notice: '' });
  assert.equal(grid.timing, 'rendered in 12 ms');
});
