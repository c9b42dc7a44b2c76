// @ts-check
// A controller with a fake clock and a fake server.

import { FrameGrid } from '../../lib/frames/frame-grid.js';
import { spaceFor } from '../../lib/frames/spaces.js';
import { crossFade } from '../../lib/frames/cross-fade.js';
import { FakeClock } from './fake-clock.js';
import { FakeServer } from './fake-server.js';
import { makeScene, REGION } from './scenes.js';

/** @typedef {import('../../lib/frames/frame-grid.js').FrameGridOptions} FrameGridOptions */
/** @typedef {import('../../lib/protocol.js').Region} Region */
/** @typedef {import('../../lib/protocol.js').Scene} Scene */

/** @param {Partial<FrameGridOptions>} [options] */
export function makeGrid(options = {}) {
  const clock = new FakeClock();
  const server = new FakeServer();
  /** @type {(string | null)[]} */
  const messages = [];
  const calls = { change: 0, rest: 0, frames: 0 };
  const grid = new FrameGrid({
    fetchFrame: server.fetchFrame,
    decode: server.decode,
    clock,
    onChange: () => { calls.change += 1; },
    onRest: () => { calls.rest += 1; },
    onFrames: () => { calls.frames += 1; },
    onMessage: (text) => { messages.push(text); },
    region: (current) => current,
    onRegion: () => {},
    ...options,
  });
  return { grid, clock, server, messages, calls };
}

/**
 * Open a scene.
 * @param {FrameGrid} grid
 * @param {{ scene?: Partial<Scene>, region?: Region, beyond?: boolean, prepares?: boolean }} [of]
 */
export function openScene(grid, { scene = {}, region = REGION, beyond = false, prepares = false } = {}) {
  const whole = makeScene(scene);
  return grid.open({ scene: whole, region, space: spaceFor(whole.labels.length, { beyond }) }, { prepares });
}

/**
 * What is drawn, as names of frames with weights, and what the badge may say.
 * @param {FrameGrid} grid
 */
export function seen(grid) {
  const fade = grid.visible ? crossFade(grid.visible, grid.shares) : { parts: [], state: /** @type {const} */ ('waiting') };
  const frames = Object.fromEntries(fade.parts.map(([frame, weight]) => {
    const { name } = /** @type {import('./fake-server.js').FakeFrame} */ (frame);
    return [name.replace('ahead ', ''), Number(weight.toFixed(6))];
  }));
  return { frames, status: grid.status(fade.state) };
}
