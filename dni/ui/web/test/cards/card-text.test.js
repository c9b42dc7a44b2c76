// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { downloadText } from '../../cards/card-text.js';

test('sizes are whole megabytes', () => {
  assert.equal(downloadText(9_770_222), 'download 10 MB');
  assert.equal(downloadText(130_000), 'download <1 MB');
  assert.equal(downloadText(0), 'download');
});
