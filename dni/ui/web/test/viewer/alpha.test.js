// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { address, clampedAlpha, ends, percents, refusedAlpha, snapped } from '../../viewer/alpha.js';

test('alpha is the share of the second end', () => {
  assert.deepEqual(ends(0.25), [0.75, 0.25]);
});

test('a slider that is dragged snaps at its ends and in the middle', () => {
  for (const [near, point] of [[0.012, 0], [0.988, 1], [0.488, 0.5], [0.512, 0.5]]) assert.equal(snapped(near), point);
  for (const far of [0.02, 0.47, 0.53, 0.98]) assert.equal(snapped(far), far);
});

test('a typed alpha stays within its range', () => {
  for (const [text, alpha] of [['0.333', 0.333], ['0,25', 0.25], [' ,5 ', 0.5], ['7', 1], ['-1', 0]]) {
    assert.equal(clampedAlpha(String(text)), alpha);
  }
  for (const text of ['', ' ', 'half', '0.2 or so', '1.2.3', '0,2,5']) assert.equal(clampedAlpha(text), null);
  assert.equal(refusedAlpha(' half '), 'Expected a number from 0 to 1, such as 0.25, but got “half”. Type another.');
  assert.match(refusedAlpha(''), /but got nothing/);
  assert.ok(refusedAlpha('x'.repeat(900)).length < 120);
});

test('the slider says both shares', () => {
  assert.equal(percents(0.01, ['calm', 'wild']), '0.01: 99 % calm, 1 % wild');
});

test('the link keeps other parameters, and names an example only where there is one', () => {
  const location = { pathname: '/app/', search: '?theme=dark&example=cat&alpha=1' };
  const shown = { pair: 'x', alpha: 0.3, example: '', isLinked: false };
  assert.equal(
    address(location, { ...shown, pair: 'a b', example: 'rocket' }),
    '/app/?theme=dark&example=rocket&alpha=0.3&pair=a+b',
  );
  assert.equal(address(location, shown), '/app/?theme=dark&alpha=0.3&pair=x');
});
