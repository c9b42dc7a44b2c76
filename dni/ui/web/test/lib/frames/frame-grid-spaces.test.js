// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { makeGrid, openScene, seen } from '../../support/grids.js';

for (const { labels, count, shares, around } of [
  { labels: ['a', 'b', 'c'], count: 15, shares: [0.4, 0.4, 0.2], around: 3 },
  { labels: ['a', 'b', 'c', 'd'], count: 25, shares: [0.42, 0.28, 0.18, 0.12], around: 4 },
]) {
  test(`a pad of ${labels.length} ends has ${count} keyframes, those around the mix first, and fades ${around}`, async () => {
    const { grid, server, clock } = makeGrid();
    grid.shares = shares;
    openScene(grid, { scene: { labels } });
    for (let frame = 0; frame <= around; frame++) await server.send();
    grid.setShares(shares.map((share, end) => share + (end === 0 ? 0.01 : end === 1 ? -0.01 : 0)));
    const { frames, status } = seen(grid);
    assert.equal(status, 'preview');
    assert.equal(Object.keys(frames).length, around);
    assert.ok(Math.abs(Object.values(frames).reduce((sum, weight) => sum + weight, 0) - 1) < 1e-5);
    clock.advance(1000);
    await server.sendAll();
    assert.equal(grid.missing().length, 0);
    assert.equal(server.asked.filter((words) => words.startsWith('ahead')).length, count);
    assert.equal(seen(grid).status, 'exact');
  });
}

test('five ends have exact frames alone; until then the nearest one waits', async () => {
  const { grid, server, clock } = makeGrid();
  grid.shares = [0.2, 0.2, 0.2, 0.2, 0.2];
  openScene(grid, { scene: { labels: ['a', 'b', 'c', 'd', 'e'] } });
  await server.send();
  assert.deepEqual(server.waiting, []);
  assert.equal(seen(grid).status, 'exact');
  grid.setShares([0.6, 0.1, 0.1, 0.1, 0.1]);
  assert.deepEqual(server.waiting, ['0.6 0.1 0.1 0.1 0.1'], 'live while it moves');
  assert.deepEqual(seen(grid), { frames: { '0.2 0.2 0.2 0.2 0.2': 1 }, status: 'waiting' });
  await server.send();
  assert.equal(seen(grid).status, 'exact');
  clock.advance(1000);
  assert.deepEqual(server.waiting, []);
});

test('beyond the ends only exact frames count', async () => {
  const { grid, server, clock } = makeGrid();
  openScene(grid, { beyond: true });
  await server.sendAll();
  clock.advance(1000);
  grid.setShares([1.2, -0.2]);
  assert.deepEqual(server.waiting, ['-0.2']);
  assert.equal(seen(grid).status, 'waiting');
  await server.send();
  assert.equal(seen(grid).status, 'exact');
  grid.setShares([1.18, -0.18]);
  assert.equal(seen(grid).status, 'waiting', 'a fade beyond the ends is not a preview');
});

test('special frames come before the own one, one at a time, and new ones take the place of old ones', async () => {
  let version = 1;
  const { grid, server, clock } = makeGrid({
    plan: (resting) => ({
      special: resting ? [{ use: 'painted', key: `v${version}` }, { use: 'outside', key: 'base' }] : [],
      own: false,
    }),
  });
  const cache = openScene(grid);
  assert.deepEqual(server.waiting, ['painted v1']);
  await server.send();
  assert.deepEqual(server.waiting, ['outside base']);
  await server.send();
  assert.deepEqual(server.waiting, ['ahead 0'], 'the own frame is not wanted');
  const old = /** @type {import('../../support/fake-server.js').FakeFrame} */ (cache.getSpecial('painted', 'v1'));
  version = 2;
  grid.changed();
  assert.equal(cache.getSpecial('painted', 'v2'), null);
  clock.advance(150);
  assert.deepEqual(server.waiting, ['ahead 0', 'painted v2']);
  await server.send('painted v2');
  assert.equal(old.isClosed, true);
  assert.notEqual(cache.getSpecial('painted', 'v2'), null);
});
