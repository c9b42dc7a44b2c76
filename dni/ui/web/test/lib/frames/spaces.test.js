// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { isInterpolation, keyOf, oneEnd, rounded } from '../../../lib/frames/shares.js';
import {
  AroundSpace, intervalOf, isPad, LineSpace, SlidersSpace, spaceFor, SquareSpace, TriangleSpace,
} from '../../../lib/frames/spaces.js';
import { assertClose, randomMixes, randomNumbers } from '../../support/numbers.js';

const PADS = [new TriangleSpace(), new SquareSpace()];
const SPACES = [new LineSpace(), ...PADS];
const NUM_ENDS = { line: 2, triangle: 3, square: 4 };
const NUM_NODES = { line: 11, triangle: 15, square: 25 };

/**
 * Mixes that a space can show.
 * @param {LineSpace | TriangleSpace | SquareSpace} space
 * @param {number} count
 */
function mixesIn(space, count) {
  if (space.kind !== 'square') return randomMixes(NUM_ENDS[space.kind], count);
  const next = randomNumbers(1);
  return Array.from({ length: count }, () => space.sharesAt({ x: next(), y: next() }));
}

for (const space of SPACES) {
  describe(`the ${space.kind}`, () => {
    const numEnds = NUM_ENDS[space.kind];

    test('has nodes that are mixes between the ends, with every end among them', () => {
      const keys = new Set(space.nodes.map(keyOf));
      assert.equal(keys.size, NUM_NODES[space.kind]);
      for (const node of space.nodes) {
        assert.ok(isInterpolation(node));
        assertClose([node.reduce((sum, share) => sum + share, 0)], [1]);
      }
      for (let end = 0; end < numEnds; end++) assert.ok(keys.has(keyOf(oneEnd(numEnds, end))));
    });

    test('gives a mix back as the weighted mean of the nodes around it', () => {
      const keys = new Set(space.nodes.map(keyOf));
      for (const shares of [...mixesIn(space, 200), ...space.nodes]) {
        const around = space.around(shares);
        assert.ok(around.every(([node, weight]) => weight >= 0 && keys.has(keyOf(node))));
        assertClose([around.reduce((sum, [, weight]) => sum + weight, 0)], [1]);
        const mean = shares.map((_, end) => around.reduce((sum, [node, weight]) => sum + weight * node[end], 0));
        assertClose(mean, shares, 1e-6);
      }
    });

    test('puts all weight on a node at that node', () => {
      for (const node of space.nodes) {
        const heavy = space.around(node).filter(([, weight]) => weight > 1e-6);
        assert.deepEqual(heavy.map(([near]) => keyOf(near)), [keyOf(node)]);
      }
    });
  });
}

describe('three ends around the first', () => {
  const space = new AroundSpace();
  const points = Array.from({ length: 300 }, ((next) => () => ({ x: next(), y: next() }))(randomNumbers(3)));
  const mixes = points.map((point) => space.sharesAt(point));

  test('have it in the middle, and themselves at the corners', () => {
    assertClose(space.sharesAt({ x: 0.5, y: 2 / 3 }), [1, 0, 0, 0]);
    assertClose(space.sharesAt({ x: 0.5, y: 0 }), [0, 1, 0, 0]);
    assertClose(space.sharesAt({ x: 0, y: 1 }), [0, 0, 1, 0]);
    assertClose(space.sharesAt({ x: 1, y: 1 }), [0, 0, 0, 1]);
  });

  test('show two looks half-way between their corners, and half of one half-way to its corner', () => {
    assertClose(space.sharesAt({ x: 0.5, y: 1 }), [-0.2, 0, 0.6, 0.6]);
    assertClose(space.sharesAt({ x: 0.5, y: 1 / 3 }), [0.5, 0.5, 0, 0]);
  });

  test('never add up to more than 1.2, and the sum of all shares is 1', () => {
    for (const shares of mixes) {
      assert.ok(shares[0] >= -0.2 - 1e-9 && shares.slice(1).every((share) => share >= 0 && share <= 1 + 1e-9));
      assertClose([shares.reduce((sum, share) => sum + share, 0)], [1]);
    }
  });

  test('have a place for every mix of the pad, the same to four decimals, and for no other', () => {
    for (const shares of mixes) {
      assertClose(space.sharesAt(space.pointOf(shares)), shares);
      assert.ok(space.holds(rounded(shares)));
    }
    for (const shares of [[0.25, 0.25, 0.25, 0.25], [-1, 1, 1, 0], [2, -1, 0, 0], [-0.5, 1.5, 0, 0]]) {
      assert.ok(!space.holds(shares), String(shares));
      assert.ok(space.holds(space.sharesAt(space.pointOf(shares))), 'the nearest place');
    }
  });

  test('fade between nodes: which surround the mix', () => {
    const keys = new Set(space.nodes.map(keyOf));
    assert.equal(keys.size, 37);
    for (const node of space.nodes) {
      const heavy = space.around(node).filter(([, weight]) => weight > 1e-6);
      assert.deepEqual(heavy.map(([near]) => keyOf(near)), [keyOf(node)]);
    }
    for (const shares of mixes) {
      const around = space.around(shares);
      const mean = shares.map((_, end) => around.reduce((sum, [node, weight]) => sum + weight * node[end], 0));
      assert.ok(around.every(([node, weight]) => weight >= 0 && keys.has(keyOf(node))));
      assertClose(mean, shares, 1e-6);
    }
  });
});

for (const pad of PADS) {
  describe(`a point on the ${pad.kind}`, () => {
    test('and its shares are inverse', () => {
      for (const shares of mixesIn(pad, 50)) assertClose(pad.sharesAt(pad.pointOf(shares)), shares);
    });

    test('outside of it is drawn to its edge', () => {
      for (const x of [-0.5, 0.2, 1.7]) {
        for (const y of [-0.3, 0.4, 1.2]) {
          const shares = pad.sharesAt({ x, y });
          assert.ok(shares.every((share) => share >= -1e-12 && share <= 1));
          assertClose([shares.reduce((sum, share) => sum + share, 0)], [1]);
        }
      }
    });
  });
}

test('the ends lie on the corners that the pads promise', () => {
  const [triangle, square] = PADS;
  assert.deepEqual([0, 1, 2].map((end) => triangle.pointOf(oneEnd(3, end))), [{ x: 0.5, y: 0 }, { x: 0, y: 1 }, { x: 1, y: 1 }]);
  assert.deepEqual(
    [0, 1, 2, 3].map((end) => square.pointOf(oneEnd(4, end))),
    [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }, { x: 1, y: 1 }],
  );
});

test('intervals of a scale, up to its ends', () => {
  assert.deepEqual(intervalOf(0, 10), { low: 0, part: 0 });
  assert.deepEqual(intervalOf(1, 10), { low: 9, part: 1 });
  assert.deepEqual(intervalOf(-3, 10), { low: 0, part: 0 });
  assert.deepEqual(intervalOf(7, 10), { low: 9, part: 1 });
  assert.equal(intervalOf(0.3, 10).low, 3, 'three tenths are not the end of the third interval');
});

describe('each number of ends has its control', () => {
  const cases = /** @type {const} */ ([
    [2, {}, 'line'],
    [2, { beyond: true }, 'line'],
    [2, { tasks: true }, 'sliders'],
    [3, {}, 'triangle'],
    [3, { beyond: true }, 'sliders'],
    [4, {}, 'square'],
    [4, { isAround: true }, 'around'],
    [3, { isAround: true }, 'triangle'],
    [4, { isAround: true, tasks: true }, 'sliders'],
    [4, { tasks: true }, 'sliders'],
    [5, {}, 'sliders'],
  ]);
  for (const [numEnds, options, kind] of cases) {
    test(`${numEnds} with ${JSON.stringify(options)}: ${kind}`, () => {
      const space = spaceFor(numEnds, options);
      assert.equal(space.kind, kind);
      assert.equal(isPad(space), kind !== 'line' && kind !== 'sliders');
    });
  }

  test('sliders have no nodes', () => {
    const space = new SlidersSpace();
    assert.deepEqual([space.nodes, space.around()], [[], []]);
  });
});
