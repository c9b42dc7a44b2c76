// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { sizeInWords } from '../../cards/card-text.js';

test('sizes are whole megabytes', () => {
  assert.equal(sizeInWords(9_770_222), '10 MB');
  assert.equal(sizeInWords(130_000), '<1 MB');
  assert.equal(sizeInWords(0), '(size unknown)');
});
