// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { requirement } from '../../mixing/control/mix-options.js';

test('a merge method that cannot be used says why', () => {
  assert.equal(requirement({ least: '3' }, 2), 'needs 3 networks or more');
  assert.equal(requirement({ most: '2' }, 3), 'takes 2 networks only');
  assert.equal(requirement({ least: '3' }, 3), '');
  assert.equal(requirement({}, 5), '');
});
