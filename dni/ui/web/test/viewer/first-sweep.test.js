// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { FirstSweep, sweepAt } from '../../viewer/first-sweep.js';
import { FakeClock } from '../support/fake-clock.js';

function sweep() {
  const clock = new FakeClock();
  /** @type {number[]} */
  const shown = [];
  let ends = 0;
  const first = new FirstSweep({ clock, show: (alpha) => shown.push(alpha), end: () => { ends += 1; } });
  return { clock, shown, first, ends: () => ends };
}

test('it goes to both ends and comes back, in small steps', () => {
  const { clock, shown, first, ends } = sweep();
  first.begin(0.4);
  clock.advance(10_000);
  assert.equal(shown.at(0), 0.4);
  assert.equal(shown.at(-1), 0.4);
  assert.equal(Math.max(...shown), 1);
  assert.equal(Math.min(...shown), 0);
  for (let index = 1; index < shown.length; index += 1) assert.ok(Math.abs(shown[index] - shown[index - 1]) < 0.05);
  assert.equal(ends(), 1);
});

test('it runs once', () => {
  const { clock, shown, first, ends } = sweep();
  first.begin(0.5);
  first.begin(0.5);
  clock.advance(10_000);
  const { length } = shown;
  first.begin(0.5);
  clock.advance(10_000);
  assert.equal(shown.length, length);
  assert.equal(ends(), 1);
});

test('a touch stops it where it is, and one before it keeps it from beginning', () => {
  const { clock, shown, first, ends } = sweep();
  first.begin(0.5);
  clock.advance(500);
  const { length } = shown;
  first.stop();
  clock.advance(10_000);
  assert.equal(shown.length, length);
  assert.equal(ends(), 1);

  const other = sweep();
  other.first.stop();
  other.first.begin(0.5);
  other.clock.advance(10_000);
  assert.deepEqual(other.shown, []);
  assert.equal(other.ends(), 0);
});

test('a touch of something else brings it back to where it began', () => {
  const { clock, shown, first, ends } = sweep();
  first.begin(0.5);
  clock.advance(3600);
  assert.ok(Number(shown.at(-1)) < 0.1);
  first.goBack();
  clock.advance(10_000);
  assert.equal(shown.at(-1), 0.5);
  assert.equal(ends(), 1);
  first.goBack();
  assert.equal(ends(), 1);

  const other = sweep();
  other.first.goBack();
  other.first.begin(0.5);
  assert.deepEqual(other.shown, []);
});

test('the way is continuous', () => {
  for (let time = 0; time < 1; time += 0.001) {
    assert.ok(Math.abs(sweepAt(0.3, time + 0.001) - sweepAt(0.3, time)) < 0.01);
  }
});
