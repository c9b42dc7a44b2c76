// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { groupShares, isPreset, ownParts, partAfterKey, presetParts, roundedPart } from '../../mixing/panels/layer-parts.js';
import { assertClose } from '../support/numbers.js';

describe('presets', () => {
  test('over five groups of layers', () => {
    assert.deepEqual(presetParts('all', 5), [1, 1, 1, 1, 1]);
    assert.deepEqual(presetParts('late', 5), [0, 0, 1, 1, 1]);
    assert.deepEqual(presetParts('early', 5), [1, 1, 0, 0, 0]);
    assert.deepEqual(presetParts('rising', 5), [0, 0.25, 0.5, 0.75, 1]);
  });

  test('split any number of groups in two', () => {
    for (const numGroups of [1, 2, 3, 4, 7]) {
      const [early, late] = [presetParts('early', numGroups), presetParts('late', numGroups)];
      assert.deepEqual(early.map((part, index) => part + late[index]), Array.from({ length: numGroups }, () => 1));
    }
  });

  test('keep two decimals', () => {
    assert.deepEqual(presetParts('rising', 4), [0, 0.33, 0.67, 1]);
  });

  test('are known by name', () => {
    assert.ok(isPreset('late'));
    assert.ok(!isPreset('toString'));
  });
});

describe('a key on a bar', () => {
  test('moves it by a twentieth, within its ends', () => {
    assert.equal(partAfterKey('ArrowUp', 0.5), 0.55);
    assert.equal(partAfterKey('ArrowLeft', 0.55), 0.5);
    assert.equal(partAfterKey('ArrowRight', 0.98), 1);
    assert.equal(partAfterKey('ArrowDown', 0.01), 0);
  });

  test('goes to an end', () => {
    assert.equal(partAfterKey('Home', 0.4), 0);
    assert.equal(partAfterKey('End', 0.4), 1);
  });

  test('means nothing else', () => {
    assert.equal(partAfterKey('Enter', 0.4), null);
  });

  test('does not pile up errors of rounding', () => {
    let part = 0;
    for (let times = 0; times < 20; times++) part = partAfterKey('ArrowUp', part) ?? NaN;
    assert.equal(part, 1);
  });
});

test('a part is kept from 0 to 1', () => {
  assert.deepEqual([-0.2, 0.123456, 1.7].map(roundedPart), [0, 0.12, 1]);
});

describe('shares of groups of layers', () => {
  test('run from the first end, at 0, to the mix, at 1', () => {
    const mix = [0.2, 0.5, 0.3];
    const shares = groupShares({ first: 0, middle: 0.35, last: 1 }, mix);
    assert.deepEqual(shares.first, [1, 0, 0]);
    assertClose(shares.middle, [0.72, 0.175, 0.105]);
    assertClose(shares.last, mix);
  });

  test('are only those of groups that do not get all of the mix', () => {
    assert.deepEqual(ownParts(['first', 'middle', 'last'], [0, 1, 0.95]), { first: 0, last: 0.95 });
    assert.deepEqual(ownParts(['first'], [1]), {});
  });
});
