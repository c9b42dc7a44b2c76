// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { stepFrom } from '../../lib/keys.js';

test('keys lead from button to button and stop at both ends', () => {
  assert.equal(stepFrom(1, 'ArrowRight', 3), 2);
  assert.equal(stepFrom(2, 'ArrowRight', 3), 2);
  assert.equal(stepFrom(0, 'ArrowLeft', 3), 0);
  assert.equal(stepFrom(1, 'Home', 3), 0);
  assert.equal(stepFrom(0, 'End', 3), 2);
  assert.equal(stepFrom(1, 'Enter', 3), 1);
});
