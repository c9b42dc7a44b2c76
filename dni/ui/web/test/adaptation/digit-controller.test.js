// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { DigitController, SETTLE_MS } from '../../adaptation/digit-controller.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeDigitServer, START } from './support.js';

/** A controller with all that it talks to. */
function make() {
  const clock = new FakeClock();
  const server = new FakeDigitServer();
  const seen = { changes: 0, opened: 0, message: /** @type {string | null} */ (null), wantsStrengths: false };
  const controller = new DigitController({
    start: START,
    ask: server.ask,
    clock,
    page: {
      onChange: () => { seen.changes += 1; },
      onOpen: () => { seen.opened += 1; },
      showMessage: (text) => { seen.message = text; },
      wantsStrengths: () => seen.wantsStrengths,
    },
  });
  return { clock, server, seen, controller };
}

/** With predictions on screen; the exact answer has been asked for. */
async function makeOpened() {
  const all = make();
  all.controller.open();
  await all.server.send('desk');
  return all;
}

/** With everything on screen. */
async function makeComplete() {
  const all = await makeOpened();
  await all.server.send('exact');
  await all.server.send('curve');
  return all;
}

test('nothing is asked for before it is opened', () => {
  const { clock, server, controller } = make();
  clock.advance(10 * SETTLE_MS);
  assert.deepEqual(server.names, []);
  assert.equal(controller.state, 'failed');
});

test('opens with predictions, then the exact answer, then the curve', async () => {
  const { server, seen, controller } = make();
  controller.open();
  assert.equal(controller.state, 'loading');
  assert.deepEqual(server.asked('desk').request, { method: 'dann', token: 'coffee', strength: 1 });
  await server.send('desk');
  assert.equal(controller.state, 'preview');
  assert.equal(seen.opened, 1);
  assert.deepEqual(server.asked('exact').request, { method: 'dann', token: 'coffee', strength: 1, alpha: 0 });
  assert.deepEqual(server.names, ['exact']);
  await server.send('exact');
  assert.equal(controller.state, 'exact');
  assert.deepEqual(server.names, ['curve']);
  await server.send('curve');
  assert.deepEqual(server.names, []);
  assert.deepEqual(controller.predictions?.curve?.column(3), [0, 0.5, 1]);
});

test('the exact answer is asked for when the slider has rested, and once', async () => {
  const { clock, server, controller } = await makeComplete();
  for (const alpha of [0.6, 0.7, 0.8]) {
    controller.setAlpha(alpha);
    clock.advance(SETTLE_MS - 1);
    assert.equal(controller.state, 'preview');
    assert.deepEqual(server.names, []);
  }
  clock.advance(1);
  assert.equal(server.asked('exact').request.alpha, 0.8);
  await server.send('exact');
  assert.equal(controller.exact?.alpha, 0.8);
  assert.deepEqual(server.names, []);
});

test('a late exact answer is never shown at a newer alpha', async () => {
  const { clock, server, controller } = await makeComplete();
  controller.setAlpha(0.9);
  clock.advance(SETTLE_MS);
  controller.setAlpha(0.1);
  clock.advance(SETTLE_MS);
  assert.deepEqual(server.names, ['exact'], 'one at a time');
  await server.send('exact');
  assert.equal(controller.exact, null);
  assert.equal(controller.state, 'preview');
  assert.equal(server.asked('exact').request.alpha, 0.1);
  await server.send('exact');
  assert.equal(controller.state, 'exact');
});

test('of the alphas that wait for a slow answer only the newest is asked for', async () => {
  const { clock, server, controller } = await makeComplete();
  for (const alpha of [0.1, 0.2, 0.3]) {
    controller.setAlpha(alpha);
    clock.advance(SETTLE_MS);
  }
  await server.send('exact');
  assert.deepEqual(server.pending.map(({ request }) => request.alpha), [0.3]);
});

test('going back to the alpha of the last exact answer shows it again without a request', async () => {
  const { clock, server, controller } = await makeComplete();
  controller.setAlpha(0.6);
  controller.setAlpha(0);
  assert.equal(controller.state, 'exact');
  clock.advance(SETTLE_MS);
  assert.deepEqual(server.names, []);
});

test('another method loads, and late answers about the last one are dropped', async () => {
  const { server, controller } = await makeOpened();
  const late = server.asked('exact');
  controller.choose({ method: 'coral', title: 'CORAL' });
  assert.equal(controller.state, 'loading');
  await server.send('desk');
  assert.equal(controller.predictions?.title, 'CORAL');
  await late.answer({ serial: 'one', probs: '', map: '', accuracy: [0, 0, 0, 0], milliseconds: 1 });
  assert.equal(controller.exact, null);
});

test('late predictions of another method are dropped', async () => {
  const { server, controller, seen } = make();
  controller.open();
  controller.choose({ method: 'coral', title: 'CORAL' });
  await server.send('desk');
  assert.equal(seen.opened, 0);
  assert.equal(controller.state, 'loading');
  assert.equal(server.asked('desk').request.method, 'coral');
  await server.send('desk');
  assert.equal(controller.predictions?.method, 'coral');
});

test('another strength is not called exact before its own answer, and keeps the curve until the next one', async () => {
  const { clock, server, controller } = await makeComplete();
  const { curve } = controller.predictions ?? {};
  controller.choose({ strength: 0.4 });
  assert.equal(controller.state, 'preview');
  await server.send('desk');
  assert.equal(controller.predictions?.curve, curve);
  assert.equal(controller.predictions?.isCurveStale, true);
  clock.advance(SETTLE_MS);
  await server.send('exact');
  assert.equal(controller.state, 'exact');
  assert.equal(server.asked('curve').request.strength, 0.4);
  await server.send('curve');
  assert.equal(controller.predictions?.isCurveStale, false);
});

test('another picture has no curve at first', async () => {
  const { server, controller } = await makeComplete();
  controller.choose({ token: 'rocket' });
  await server.send('desk');
  assert.equal(controller.predictions?.curve, null);
});

test('an answer about other samples opens those', async () => {
  const { server, controller, seen } = await makeOpened();
  await server.send('exact', { serial: 'two' });
  assert.equal(controller.state, 'preview');
  await server.send('desk', { serial: 'two' });
  assert.equal(seen.opened, 2);
  await server.send('exact', { serial: 'two' });
  assert.equal(controller.state, 'exact');
});

test('a failure is told, leaves what is shown, and the next move tries again', async () => {
  const { clock, server, controller, seen } = await makeOpened();
  await server.fail('exact', 'Expected a network.');
  assert.equal(seen.message, 'Expected a network.');
  assert.equal(controller.state, 'preview');
  controller.setAlpha(0.51);
  clock.advance(SETTLE_MS);
  await server.send('exact');
  assert.equal(seen.message, null);
  assert.equal(controller.state, 'exact');
});

test('predictions that failed are asked for again when something moves and rests', async () => {
  const { clock, server, controller } = make();
  controller.open();
  await server.fail('desk', 'Gone.');
  assert.equal(controller.state, 'failed');
  controller.setAlpha(0.6);
  clock.advance(SETTLE_MS);
  assert.equal(controller.state, 'loading');
  await server.send('desk');
  assert.equal(server.asked('exact').request.alpha, 0.6);
});

test('while something moves nothing slow is asked for', async () => {
  const { clock, server, controller } = await makeOpened();
  controller.setAlpha(0.6);
  await server.send('exact');
  assert.deepEqual(server.names, []);
  clock.advance(SETTLE_MS);
  assert.deepEqual(server.names, ['exact']);
});

test('strengths are asked for when their chart is seen, for each alpha once', async () => {
  const { clock, server, controller, seen } = await makeComplete();
  assert.ok(!controller.strengths);
  seen.wantsStrengths = true;
  controller.askRest();
  assert.deepEqual(server.asked('strengths').request, { method: 'dann', token: 'coffee', alpha: 0 });
  await server.send('strengths');
  const strengths = () => /** @type {DigitController} */ (controller).strengths;
  const half = [...(strengths()?.series.at(0.5) ?? [])].map((share) => Number(share.toFixed(6)));
  assert.deepEqual(half, [0.5, 0.6, 0.65]);
  controller.askRest();
  assert.deepEqual(server.names, []);
  controller.setAlpha(0.9);
  clock.advance(SETTLE_MS);
  assert.equal(strengths()?.alpha, 0, 'the last ones stay until the next');
  await server.send('exact');
  assert.equal(server.asked('strengths').request.alpha, 0.9);
  controller.choose({ token: 'rocket' });
  await server.send('desk');
  assert.equal(controller.strengths, null);
});

test('what was measured of another method is gone as soon as that is chosen', async () => {
  const { clock, server, controller, seen } = await makeComplete();
  seen.wantsStrengths = true;
  controller.askRest();
  await server.send('strengths');
  assert.ok(controller.strengths && controller.curve);
  controller.choose({ method: 'coral', title: 'CORAL' });
  assert.deepEqual([controller.strengths, controller.curve], [null, null]);
  await server.send('desk');
  clock.advance(SETTLE_MS);
  await server.send('exact');
  assert.equal(server.asked('strengths').request.method, 'coral', 'also while the curve is measured');
  await server.send('strengths');
  assert.equal(controller.strengths?.method, 'coral');
});

test('alpha is kept to four decimals', () => {
  const { controller } = make();
  controller.setAlpha(1 / 3);
  assert.equal(controller.choice.alpha, 0.3333);
});
