// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { PageAddress } from '../../viewer/page-address.js';

const LINK = 'http://here/app/?picture=http%3A%2F%2Felsewhere%2Fa.png';
const LINKED = { token: 'linked', pair: 'tiny', example: '', full: '' };
const CAT = { token: 'cat', pair: 'tiny', example: 'cat', full: '' };
const OWN = { ...LINKED, token: 'mine' };

/**
 * A page at an address, with a first scene.
 * @param {string} href
 * @param {typeof LINKED} scene
 */
function opened(href, scene) {
  /** @param {string} to */
  const placeOf = (to) => {
    const { pathname, search } = new URL(to, href);
    return { href: new URL(to, href).href, pathname, search };
  };
  const location = placeOf(href);
  const page = new PageAddress({
    location,
    history: { replaceState: (_, __, to) => { Object.assign(location, placeOf(String(to))); } },
  });
  page.open(scene);
  page.show(scene, 0.5);
  return { page, location };
}

test('the address names the picture elsewhere while that is shown, in whatever size', () => {
  const { page, location } = opened(LINK, LINKED);
  for (const scene of [LINKED, { ...LINKED, token: 'smaller', full: 'linked' }]) {
    page.show(scene, 0.2);
    assert.match(location.search, /^\?picture=http%3A%2F%2Felsewhere%2Fa.png&pair=tiny&alpha=0.2$/);
    assert.equal(page.linkTo(scene, 0.2), location.href);
    assert.ok(page.isLinked(scene));
  }
});

test('it is gone from the address with another picture, and does not come back', () => {
  for (const [scene, search] of /** @type {const} */ ([[CAT, '?pair=tiny&alpha=0.5&example=cat'], [OWN, '?pair=tiny&alpha=0.5']])) {
    const { page, location } = opened(LINK, LINKED);
    page.show(scene, 0.5);
    assert.equal(location.search, search);
    assert.equal(page.linkTo(scene, 0.5), location.href);
    assert.ok(!page.isLinked(scene));
  }
});

test('one that could not be fetched is tried again after a reload, but no link to what is shown names it', () => {
  const { page, location } = opened(LINK, CAT);
  assert.ok(new URLSearchParams(location.search).has('picture'));
  assert.equal(page.linkTo(CAT, 0.5), 'http://here/app/?pair=tiny&alpha=0.5&example=cat');
  assert.ok(!page.isLinked(CAT));
});

test('a link that names a picture, of whatever kind, comes before an own one that was kept', () => {
  for (const [query, names] of [['?example=cat', true], ['?picture=x', true], ['?alpha=0.3', false]]) {
    const location = { href: '', pathname: '/', search: String(query) };
    assert.equal(new PageAddress({ location, history: { replaceState: () => {} } }).namesPicture, names);
  }
});

test('without such a link there is none', () => {
  const { page } = opened('http://here/', OWN);
  assert.ok(!page.isLinked(OWN));
});
