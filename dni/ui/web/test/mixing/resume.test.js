// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { fits, readMask, readSaved, Resume } from '../../mixing/resume.js';
import { makeScene } from '../support/scenes.js';

const SETTINGS = { shares: [0.2, 0.8], layers: {}, tasks: false, beyond: false, isAround: false, base: null };
const SAVED = { pair: 'tiny', example: 'cat', settings: SETTINGS };

test('what was saved is used for the same networks only', () => {
  assert.deepEqual(readSaved(SAVED), SAVED);
  assert.ok(fits(SAVED, { ...makeScene(), groups: [] }));
  assert.ok(!fits(SAVED, { ...makeScene({ pair: 'other' }), groups: [] }));
  assert.ok(!fits(SAVED, { ...makeScene({ labels: ['a', 'b', 'c'] }), groups: [] }));
});

test('what another version has written is left alone', () => {
  for (const other of [null, 7, {}, { ...SAVED, pair: 1 }, { ...SAVED, settings: {} },
    { ...SAVED, settings: { ...SETTINGS, shares: ['a'] } }, { ...SAVED, settings: { ...SETTINGS, layers: null } }]) {
    assert.equal(readSaved(other), null);
  }
});

test('the desk asks for what was on it, and sets the mix once that is there', () => {
  /** @type {object[]} */
  const asked = [];
  /** @type {boolean[]} */
  const begun = [];
  const resume = new Resume({
    trigger: (_, data) => asked.push(data), begin: (restores) => begun.push(restores), saved: SAVED,
  });
  assert.equal(resume.opened({ ...makeScene({ pair: 'first', example: 'cat' }), groups: [] }).settings, null);
  assert.deepEqual([asked, begun], [[{ pair: 'tiny', example: 'cat' }], []]);
  assert.deepEqual(resume.opened({ ...makeScene(), groups: [] }), { settings: SETTINGS, png: null, notice: null });
  assert.equal(resume.opened({ ...makeScene(), groups: [] }).settings, null, 'once');
  assert.deepEqual([asked.length, begun], [1, [false, false]]);
});

test('an own picture is brought back to its networks, and to no others', () => {
  for (const [pair, restores] of /** @type {const} */ ([['tiny', true], ['other', false]])) {
    /** @type {boolean[]} */
    const begun = [];
    const saved = { ...SAVED, example: '' };
    const resume = new Resume({ trigger: () => {}, begin: (own) => begun.push(own), saved });
    resume.opened({ ...makeScene({ pair: 'first' }), groups: [] });
    resume.opened({ ...makeScene({ pair }), groups: [] });
    assert.deepEqual(begun, [restores]);
  }
});

/**
 * What comes back of a mask that was painted on a picture, in each scene that comes.
 * @param {{ example: string, name: string }} painted
 * @param {Partial<import('../../lib/protocol.js').Scene>[]} scenes
 */
function masksIn({ example, name }, scenes) {
  const resume = new Resume({
    trigger: () => {}, begin: () => {}, saved: { ...SAVED, example }, mask: { png: 'painted', example, name },
  });
  return scenes.map((parts) => resume.opened({ ...makeScene(parts), groups: [] }).png);
}

test('a mask comes back on the picture that it was painted on, once', () => {
  const cat = { example: 'cat', name: 'cat.png' };
  assert.deepEqual(masksIn(cat, [{}, {}]), ['painted', null]);
  assert.deepEqual(masksIn(cat, [{ pair: 'first' }, {}]), [null, 'painted']);
  assert.deepEqual(masksIn(cat, [{ pair: 'first' }, { pair: 'first' }, {}]), [null, null, null], 'other networks');
  const mine = { example: '', name: 'mine.png' };
  assert.deepEqual(masksIn(mine, [{}, mine]), [null, 'painted'], 'once the own picture is uploaded again');
  assert.deepEqual(masksIn(mine, [{}, { ...mine, name: 'other.png' }, mine]), [null, null, null]);
  assert.deepEqual([readMask(null), readMask({ png: 1, example: '', name: '' })], [null, null]);
});

test('own networks are asked for by the session that held them; where they are gone a sentence says which', () => {
  /** @type {object[]} */
  const asked = [];
  const saved = { ...SAVED, pair: 'own.abc', session: 'secret', labels: ['calm', 'mid', 'wild'] };
  const options = { trigger: (/** @type {string} */ _, /** @type {object} */ data) => asked.push(data), begin: () => {} };
  const resume = new Resume({ ...options, saved });
  resume.opened({ ...makeScene({ pair: 'first' }), groups: [] });
  assert.deepEqual(asked, [{ pair: 'own.abc', example: 'cat', session: 'secret' }]);
  const { settings, notice } = resume.opened({ ...makeScene({ pair: 'first' }), groups: [] });
  assert.equal(settings, null);
  assert.equal(notice, 'Your own networks calm, mid and wild are no longer on this server. Drop their files again to '
    + 'have them back.');
  const other = new Resume({ ...options, saved: { ...saved, pair: 'gone' } });
  other.opened({ ...makeScene({ pair: 'first' }), groups: [] });
  assert.equal(other.opened({ ...makeScene({ pair: 'first' }), groups: [] }).notice, null);
  assert.deepEqual(asked[1], { pair: 'gone', example: 'cat' }, 'the secret is sent for own networks only');
});
