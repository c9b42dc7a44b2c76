// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { boxOn, minimapSize } from '../../../lib/canvas/minimap.js';

test('a minimap has the shape of its picture, and the frame is where the region is', () => {
  const picture = { width: 4000, height: 3000 };
  assert.deepEqual(minimapSize(picture), { width: 120, height: 90 });
  assert.deepEqual(minimapSize({ width: 300, height: 3000 }), { width: 12, height: 120 });
  const region = { left: 1000, top: 1500, width: 2000, height: 1000 };
  assert.deepEqual(boxOn(region, picture), { x: 30, y: 45, width: 60, height: 30 });
});
