// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { fits, readSaved, Resume } from '../../mixing/resume.js';
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
  assert.equal(resume.opened({ ...makeScene({ pair: 'first', example: 'cat' }), groups: [] }), null);
  assert.deepEqual([asked, begun], [[{ pair: 'tiny', example: 'cat' }], []]);
  assert.deepEqual(resume.opened({ ...makeScene(), groups: [] }), SETTINGS);
  assert.equal(resume.opened({ ...makeScene(), groups: [] }), null, 'once');
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
