// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { OwnPicture } from '../../lib/own-picture.js';

const OWN = { token: 'mine', example: '', full: '' };
const SMALLER = { token: 'smaller', example: '', full: 'mine' };
const EXAMPLE = { token: 'cat', example: 'cat', full: '' };
const FILE = new File([], 'mine.png');
const REFUSED = new File([], 'broken.png');

/**
 * A page that has begun, and what it keeps.
 * @param {File | null} [file] that is kept
 * @param {number} [factor] by which it was reduced
 */
async function begun(file = null, factor = 1) {
  const kept = { file, factor };
  /** @type {number[]} */
  const reduced = [];
  /** @type {File[]} */
  const uploaded = [];
  const own = new OwnPicture({
    store: {
      put: async (next) => { kept.file = next; },
      delete: async () => { kept.file = null; },
      get: async () => kept.file,
    },
    upload: (next) => uploaded.push(next),
    reduce: (next) => reduced.push(next),
    size: { load: () => kept.factor, save: (next) => { kept.factor = next; } },
  });
  await own.begin(true);
  return { own, kept, reduced, uploaded };
}

test('a picture that was uploaded is kept, and uploaded again after a reload', async () => {
  const { own, kept } = await begun();
  own.choose(FILE);
  await own.follow(OWN, EXAMPLE);
  assert.equal(kept.file, FILE);
  assert.deepEqual((await begun(kept.file)).uploaded, [FILE]);
});

test('an example takes its place', async () => {
  const { own, kept } = await begun(FILE);
  await own.follow(EXAMPLE, OWN);
  assert.equal(kept.file, null);
});

test('it is still kept when it is reduced and comes back in full size', async () => {
  const { own, kept } = await begun(FILE);
  await own.follow(SMALLER, OWN);
  await own.follow(OWN, SMALLER);
  assert.equal(kept.file, FILE);
});

test('it is reduced again after a reload, and another one is not', async () => {
  const { own, kept } = await begun();
  own.choose(FILE);
  await own.follow(OWN, EXAMPLE);
  own.resize(6);
  await own.follow(SMALLER, OWN);
  const again = await begun(kept.file, kept.factor);
  again.own.choose(again.uploaded[0]);
  await again.own.follow({ ...OWN, token: 'again' }, EXAMPLE);
  assert.deepEqual(again.reduced, [6]);
  const other = await begun(kept.file, kept.factor);
  other.own.choose(new File(['x'], 'other.png'));
  await other.own.follow({ ...OWN, token: 'other' }, EXAMPLE);
  assert.deepEqual(other.reduced, []);
  assert.equal(other.kept.factor, 1);
});

test('a file that was refused is not kept in its place', async () => {
  const { own, kept } = await begun(FILE);
  await own.follow(SMALLER, OWN);
  own.choose(REFUSED);
  await own.follow(OWN, SMALLER);
  assert.equal(kept.file, FILE);
});

test('a picture of the camera is not kept, and no older one comes back in its place', async () => {
  const { own, kept } = await begun(FILE);
  own.choose(REFUSED);
  own.choose(null); // the button of the camera
  await own.follow({ ...OWN, token: 'photograph' }, OWN);
  assert.equal(kept.file, null);
});

test('a picture that comes after an example was chosen meanwhile is kept', async () => {
  const { own, kept } = await begun();
  own.choose(FILE);
  await own.follow(EXAMPLE, EXAMPLE);
  await own.follow(OWN, EXAMPLE);
  assert.equal(kept.file, FILE);
});

test('nothing is done before the page has begun, and a browser that keeps nothing is no fault', async () => {
  const refuse = () => Promise.reject(new Error('private window'));
  const own = new OwnPicture({ store: { put: refuse, delete: refuse, get: refuse }, upload: () => {}, reduce: () => {}, size: { load: () => 1, save: () => {} } });
  await own.follow(EXAMPLE, null);
  await own.begin(true);
  await own.follow(EXAMPLE, null);
});
