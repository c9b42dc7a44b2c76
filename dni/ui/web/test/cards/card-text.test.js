// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { sizeInWords, stepFrom } from '../../cards/card-text.js';

test('sizes are whole megabytes', () => {
  assert.equal(sizeInWords(9_770_222), '10 MB');
  assert.equal(sizeInWords(130_000), '<1 MB');
  assert.equal(sizeInWords(0), 'first');
});

test('keys lead from card to card and stop at both ends', () => {
  assert.equal(stepFrom(1, 'ArrowRight', 3), 2);
  assert.equal(stepFrom(2, 'ArrowRight', 3), 2);
  assert.equal(stepFrom(0, 'ArrowLeft', 3), 0);
  assert.equal(stepFrom(1, 'Home', 3), 0);
  assert.equal(stepFrom(0, 'End', 3), 2);
  assert.equal(stepFrom(1, 'Enter', 3), 1);
});
