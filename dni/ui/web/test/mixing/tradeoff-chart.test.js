// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  chartWidth, layoutChart, linearScale, pointText, positionOf, tickText,
} from '../../mixing/panels/tradeoff-chart.js';
import { assertClose } from '../support/numbers.js';

const POINTS = [0, 0.1, 0.5, 1].map((alpha) => ({
  alpha, distortion: 3 * alpha, perception: 2 - alpha, text: `PSNR ${30 - alpha} dB`,
}));

describe('a scale', () => {
  test('has room at both sides of the values', () => {
    const { at } = linearScale([10, 20], 0, 112);
    assertClose([10, 15, 20].map(at), [6, 56, 106]);
  });

  test('runs either way', () => {
    const { at } = linearScale([0, 1], 100, 0);
    assert.ok(at(0) > at(1));
  });

  test('has ticks at its least, middle and most', () => {
    assert.deepEqual(linearScale([3, 1, 2], 0, 1).ticks, [1, 2, 3]);
  });

  test('of one value puts it in the middle', () => {
    assertClose([linearScale([5, 5], 0, 100).at(5)], [50]);
  });
});

test('ticks have three digits and no zeros at their end', () => {
  assert.deepEqual([0, 0.5, 1 / 3, 12.345, 123456].map(tickText), ['0', '0.5', '0.333', '12.3', '123000']);
});

test('a chart is as wide as it is shown, within limits', () => {
  assert.deepEqual([0, 100, 512, 2000].map(chartWidth), [640, 300, 512, 640]);
});

test('a point is described with its alpha', () => {
  assert.equal(pointText(POINTS[2]), 'alpha 0.50: PSNR 29.5 dB');
});

describe('a chart', () => {
  const layout = layoutChart(POINTS, 500);

  test('has less distortion at the left and less perception below', () => {
    const [first, , , last] = layout.positions;
    assert.ok(first[0] < last[0] && first[1] < last[1]);
  });

  test('keeps all points between its axes', () => {
    const { horizontal, vertical } = layout;
    for (const [x, y] of layout.positions) {
      assert.ok(x > horizontal.x1 && x < horizontal.x2 && y > vertical.y1 && y < vertical.y2);
    }
  });

  test('has its ticks where the values are', () => {
    assert.deepEqual(layout.ticksAcross.map((tick) => tick.text), ['0', '1.5', '3']);
    assertClose([layout.ticksAcross[0].x, layout.ticksAcross[2].x], [layout.positions[0][0], layout.positions[3][0]]);
    assert.deepEqual(layout.ticksUp.map((tick) => tick.text), ['1', '1.5', '2']);
    assertClose([layout.ticksUp[2].y - 4], [layout.positions[0][1]]);
  });

  test('of points that are all alike has finite positions', () => {
    const same = POINTS.map((point) => ({ ...point, distortion: 0, perception: 1 }));
    assert.ok(layoutChart(same, 500).positions.flat().every(Number.isFinite));
  });
});

describe('where an alpha lies', () => {
  const { positions } = layoutChart(POINTS, 500);

  test('is on a point, or on the line between its neighbours', () => {
    for (const [index, { alpha }] of POINTS.entries()) assertClose(positionOf(POINTS, positions, alpha), positions[index]);
    const between = positionOf(POINTS, positions, 0.3);
    assertClose(between, [(positions[1][0] + positions[2][0]) / 2, (positions[1][1] + positions[2][1]) / 2]);
  });

  test('is an end beyond the ends', () => {
    assertClose(positionOf(POINTS, positions, -0.4), positions[0]);
    assertClose(positionOf(POINTS, positions, 1.4), positions[3]);
  });
});
