// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { STOPS, SWEEP_MS, Sweep } from '../../adaptation/sweep.js';
import { FakeClock } from '../support/fake-clock.js';

/** @param {{ alpha?: number, isReduced?: boolean }} [start] */
function make({ alpha = 0, isReduced = false } = {}) {
  const clock = new FakeClock();
  const seen = { alpha, steps: /** @type {number[]} */ ([]), playing: /** @type {boolean[]} */ ([]) };
  const sweep = new Sweep({
    clock,
    alpha: () => seen.alpha,
    onStep: (next) => { seen.alpha = next; seen.steps.push(next); },
    onChange: (isPlaying) => seen.playing.push(isPlaying),
    isReduced: () => isReduced,
  });
  return { clock, seen, sweep };
}

test('nothing moves before it is started', () => {
  const { clock, seen } = make();
  clock.advance(2 * SWEEP_MS);
  assert.deepEqual(seen.steps, []);
});

test('it goes to 1 steadily and ends there', () => {
  const { clock, seen, sweep } = make();
  sweep.start();
  clock.advance(SWEEP_MS / 2);
  assert.ok(Math.abs(seen.alpha - 0.5) < 0.01);
  clock.advance(SWEEP_MS);
  assert.equal(seen.alpha, 1);
  assert.deepEqual(seen.playing, [true, false]);
  const { length } = seen.steps;
  clock.advance(SWEEP_MS);
  assert.equal(seen.steps.length, length);
});

test('it goes on from where alpha is, and from 1 begins again', () => {
  for (const [alpha, first] of [[0.4, 0.4], [1, 0]]) {
    const { seen, sweep } = make({ alpha });
    sweep.start();
    assert.equal(seen.steps[0], first);
  }
});

test('stopped, it leaves alpha where it is', () => {
  const { clock, seen, sweep } = make();
  sweep.start();
  clock.advance(SWEEP_MS / 4);
  sweep.stop();
  sweep.stop();
  const { alpha } = seen;
  clock.advance(SWEEP_MS);
  assert.equal(seen.alpha, alpha);
  assert.deepEqual(seen.playing, [true, false]);
});

test('where little motion is wanted it stands still in between', () => {
  const { clock, seen, sweep } = make({ isReduced: true });
  sweep.start();
  clock.advance(2 * SWEEP_MS);
  assert.deepEqual(seen.steps, Array.from({ length: STOPS + 1 }, (_, n) => n / STOPS));
});
