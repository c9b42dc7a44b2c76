// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { CoalescedRequest } from '../../adaptation/coalesced-request.js';
import { DigitController } from '../../adaptation/digit-controller.js';
import { DrawnDigit, levelsOf } from '../../adaptation/drawing/drawn-digit.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeDigitServer, START } from './support.js';

test('one request at a time, and only the newest of those that wait', async () => {
  const server = new FakeDigitServer();
  /** @type {[any, number][]} */
  const received = [];
  /** @type {CoalescedRequest<number, any>} */
  const request = new CoalescedRequest((asked) => server.ask('count', asked), (reply, asked) => received.push([reply, asked]));
  const done = request.ask(1);
  request.ask(2);
  request.ask(3);
  assert.deepEqual(server.pending.map((asked) => asked.request), [1]);
  await server.asked('count').answer('first');
  assert.deepEqual(server.pending.map((asked) => asked.request), [3]);
  assert.ok(request.isBusy);
  await server.asked('count').answer('third');
  await done;
  assert.equal(request.isBusy, false);
  assert.deepEqual(received, [['first', 1], ['third', 3]]);
});

// ---- the drawn digit

const INK = new Uint8Array(784).fill(7);

async function makeDrawn() {
  const server = new FakeDigitServer();
  /** @type {(string | null)[]} */
  const seen = [];
  const page = { onChange() {}, onOpen() {}, showMessage() {}, wantsStrengths: () => false };
  const controller = new DigitController({ start: START, ask: server.ask, clock: new FakeClock(), page });
  const digit = new DrawnDigit({
    controller,
    ask: server.ask,
    onRead: (reading) => seen.push(reading && reading.pixels),
    showMessage: (text) => seen.push(text),
  });
  controller.open();
  await server.send('desk');
  return { server, controller, digit, seen };
}

test('a drawn digit is read by the networks and over the picture that are chosen', async () => {
  const { server, controller, digit, seen } = await makeDrawn();
  digit.draw({ ink: INK, colour: '#ff8000' });
  const { request } = server.asked('draw');
  assert.deepEqual({ ...request, ink: atob(request.ink).length },
    { method: 'dann', token: 'coffee', strength: 1, ink: 784, colour: [255, 128, 0] });
  await server.send('draw');
  assert.deepEqual(seen, ['seen']);
  assert.ok(Math.abs((digit.reading?.probabilities.at(0.75)[4] ?? 0) - 1.5 / 255) < 1e-6);
  controller.choose({ strength: 0.25 });
  digit.read();
  assert.equal(server.asked('draw').request.strength, 0.25);
});

test('what was cleared or belongs to other networks is not shown when its answer comes', async () => {
  const { server, controller, digit, seen } = await makeDrawn();
  digit.draw({ ink: INK, colour: '#ffffff' });
  digit.draw(null);
  await server.send('draw');
  assert.deepEqual(seen, [null]);
  digit.draw({ ink: INK, colour: '#ffffff' });
  controller.choose({ method: 'coral' });
  await server.send('draw');
  assert.deepEqual(seen, [null]);
  assert.equal(digit.reading, null);
});

test('an error is told, and taken back once by the next answer', async () => {
  const { server, digit, seen } = await makeDrawn();
  digit.draw({ ink: INK, colour: '#ffffff' });
  await server.fail('draw', 'Draw again.');
  assert.deepEqual(seen, ['Draw again.']);
  for (const expected of [['Draw again.', null, 'seen'], ['Draw again.', null, 'seen', 'seen']]) {
    digit.read();
    await server.send('draw');
    assert.deepEqual(seen, expected);
  }
});

test('colours as levels', () => {
  assert.deepEqual(levelsOf('#00a0ff'), [0, 160, 255]);
});
