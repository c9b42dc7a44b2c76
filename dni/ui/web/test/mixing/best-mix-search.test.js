// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BestMixSearch } from '../../mixing/best-mix-search.js';
import { FakeClock } from '../support/fake-clock.js';
import { settled } from '../support/fake-server.js';
import { REGION } from '../support/scenes.js';

/** @typedef {import('../../lib/protocol.js').BestMixReply} BestMixReply */
/** @typedef {import('../../mixing/mixing.js').MixSettings} MixSettings */

const FOUND = { shares: [0.4, 0.6], layers: { last: 0.5 }, note: 'It has less noise.' };
/** @type {MixSettings} */
const SETTINGS = { shares: [0.5, 0.5], layers: {}, tasks: false, beyond: false, isAround: false, base: null };

/** A search on a desk, which has begun. */
function begun() {
  const desk = { settings: SETTINGS };
  const clock = new FakeClock();
  /** @type {string[]} */
  const said = [];
  /** @type {object[]} */
  const steps = [];
  /** @type {MixSettings[]} */
  const found = [];
  /** @type {(reply: BestMixReply) => void} */
  let answer = () => {};
  const search = new BestMixSearch({
    clock,
    request: () => ({ token: 'cat', pair: 'tiny', region: REGION, mix: { shares: [0.5, 0.5] }, session: 'somebody' }),
    settings: () => desk.settings,
    find: () => new Promise((resolve) => { answer = resolve; }),
    steps: async (asked) => { steps.push(asked); return { done: 7, total: 90 }; },
    onFound: (settings) => found.push(settings),
    show: (text) => said.push(text),
  });
  search.find('noise');
  return { clock, desk, found, said, search, steps, answer: (/** @type {BestMixReply} */ reply) => { answer(reply); return settled(); } };
}

test('a better mix takes the place of the shares and layers, and leaves the rest as it is then', async () => {
  const { answer, clock, desk, found, said, search } = begun();
  clock.advance(1000);
  await settled();
  desk.settings = { ...SETTINGS, shares: [0.1, 0.9], base: { shares: [0, 1] } };
  await answer(FOUND);
  assert.deepEqual(found, [{ ...desk.settings, shares: FOUND.shares, layers: FOUND.layers }]);
  assert.deepEqual(said.slice(1), ['Learning: step 7 of at most 90…', FOUND.note]);
  assert.ok(!search.isBusy);
});

test('it is refused once the networks are mixed in another way than the one that it was learned for', async () => {
  for (const change of [{ tasks: true }, { beyond: true }, { isAround: true }, { repair: true }, { method: { name: 'ties' } }]) {
    const { answer, desk, found, said } = begun();
    desk.settings = { ...SETTINGS, ...change };
    await answer(FOUND);
    assert.deepEqual(found, []);
    assert.match(said.at(-1) ?? '', /^A better mix was found, but for another way of mixing/);
  }
});

test('what was given up is not taken, and the server is told', async () => {
  const { answer, clock, found, said, search, steps } = begun();
  search.stop();
  assert.deepEqual(steps, [{ session: 'somebody', stop: true }]);
  await answer(FOUND);
  clock.advance(5000);
  assert.deepEqual([found, steps.length], [[], 1]);
  assert.equal(said.at(-1), 'Cancelled: the mix stays as it was.');
});

test('an error is said, and another search can be begun', async () => {
  const { answer, said, search } = begun();
  await answer({ error: 'Too many people look.' });
  assert.deepEqual([said.at(-1), search.isBusy], ['Too many people look.', false]);
});
