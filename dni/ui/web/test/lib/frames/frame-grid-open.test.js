// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { makeGrid, openScene, seen } from '../../support/grids.js';

test('an answer for a region, picture or networks that are no longer open is closed and not shown', async () => {
  for (const of of [{ region: { left: 8, top: 8, width: 16, height: 16 } }, { scene: { token: 'dog' } }, { scene: { pair: 'other' } }]) {
    const { grid, server } = makeGrid();
    openScene(grid);
    const [late] = server.pending;
    openScene(grid, of);
    await late.answer({ jpeg: 'late', milliseconds: 1, notice: '' });
    assert.deepEqual(seen(grid), { frames: {}, status: 'waiting' });
    assert.equal(late.cache.closed, true);
    assert.deepEqual(server.decoded.map((frame) => [frame.name, frame.isClosed]), [['late', true]]);
    await server.send('0.5');
    assert.equal(seen(grid).status, 'exact');
  }
});

test('frames of the same picture stay on screen until the first new one, and are never called exact', async () => {
  const { grid, server } = makeGrid();
  const first = openScene(grid);
  await server.send('0.5');
  openScene(grid, { region: { left: 8, top: 8, width: 16, height: 16 } });
  assert.equal(grid.visible, first);
  assert.deepEqual(seen(grid), { frames: { 0.5: 1 }, status: 'waiting' });
  await server.send('0.5');
  assert.notEqual(grid.visible, first);
  assert.equal(first.closed, true);
  assert.equal(seen(grid).status, 'exact');
});

test('an answer for frames that stay on screen is dropped too', async () => {
  const { grid, server } = makeGrid();
  const first = openScene(grid);
  await server.send('0.5');
  const [late] = server.pending;
  openScene(grid, { region: { left: 8, top: 8, width: 16, height: 16 } });
  await late.answer({ jpeg: 'late', milliseconds: 1, notice: '' });
  assert.equal(first.frames.size, 1);
  assert.equal(server.decoded.at(-1)?.isClosed, true);
  assert.equal(grid.visible, first);
});

test('frames of another picture do not stay', async () => {
  const { grid, server } = makeGrid();
  const first = openScene(grid);
  await server.send('0.5');
  openScene(grid, { scene: { token: 'dog' } });
  assert.equal(first.closed, true);
  assert.deepEqual(seen(grid), { frames: {}, status: 'waiting' });
});

test('frames of other networks do not stay, but the picture as it was given does', async () => {
  for (const moves of [false, true]) {
    const { grid, server } = makeGrid();
    const first = openScene(grid);
    await server.send('0.5');
    const [frame] = server.decoded;
    if (moves) openScene(grid, { region: { left: 8, top: 8, width: 16, height: 16 } });
    openScene(grid, { scene: { pair: 'other' } });
    assert.deepEqual(seen(grid), { frames: {}, status: 'waiting' });
    assert.deepEqual([frame.isClosed, grid.visible, first.closed], [true, first, false]);
    if (moves) await server.send('0.5'); // what was asked for before, and comes too late
    await server.send('0.5');
    assert.deepEqual([first.closed, seen(grid).status], [true, 'exact']);
  }
});

test('forget closes all frames', async () => {
  const { grid, server } = makeGrid();
  const first = openScene(grid);
  await server.send('0.5');
  const second = openScene(grid, { region: { left: 8, top: 8, width: 16, height: 16 } });
  grid.forget();
  assert.deepEqual([first.closed, second.closed, grid.visible], [true, true, null]);
});
