// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  frameRequest, mixAt, outsideKey, paintedKey, paintingKey, pieceKey, pieceRequest, planFor, requestFor, stateOf,
} from '../../mixing/requests.js';

/** @typedef {import('../../mixing/requests.js').Shown} Shown */

const REGION = { left: 1, top: 2, width: 30, height: 20 };

/**
 * @param {Partial<Shown>} more
 * @returns {Shown}
 */
function shown(more = {}) {
  return {
    scene: {
      serial: 's', token: 'picture', name: 'a.png', width: 60, height: 40, scale: 4, pair: 'pair', labels: ['a', 'b'],
      live_pixels: 1e6, session: 'me', example: '', groups: [{ name: 'first' }, { name: 'last' }], levels: 5,
    },
    shares: [0.25, 0.75],
    layers: {},
    beyond: false,
    base: null,
    isPainted: false,
    maskVersion: 3,
    maskId: null,
    ...more,
  };
}

describe('the mix that is asked for', () => {
  test('has its own shares in layers that get a part of it', () => {
    assert.deepEqual(mixAt(shown({ layers: { last: 0.5 } }), [0, 1]), {
      shares: [0, 1], groups: { last: [0.5, 0.5] }, extrapolate: false,
    });
  });

  test('may lie beyond the ends where that was asked for, or where it does', () => {
    assert.equal(mixAt(shown({ beyond: true }), [0.5, 0.5]).extrapolate, true);
    assert.equal(mixAt(shown(), [-0.5, 1.5]).extrapolate, true);
  });
});

describe('a request', () => {
  test('says nothing of a mask where nothing is painted', () => {
    assert.deepEqual(requestFor(shown({ maskId: 'm' }), REGION, [0, 1], { isPainted: false }), {
      token: 'picture', pair: 'pair', region: REGION, session: 'me',
      mix: { shares: [0, 1], groups: {}, extrapolate: false },
    });
  });

  test('has the mask, what is outside of it, and the levels of a recipe', () => {
    const base = { shares: [0.5, 0.5] };
    const request = requestFor(shown({ isPainted: true, maskId: 'm', base }), REGION, [0, 1], { isPainted: true });
    assert.deepEqual([request.mask, request.base, request.levels], ['m', base, 5]);
  });
});

describe('the request for a frame', () => {
  const base = { shares: [0.5, 0.5] };
  const painted = shown({ isPainted: true, maskId: 'm', base });

  test('of a keyframe is ahead and not painted', () => {
    const request = frameRequest(painted, REGION, { shares: [1, 0], special: null, ahead: true });
    assert.deepEqual([request.rank, request.mix.shares, request.mask], ['ahead', [1, 0], undefined]);
  });

  test('of a painted mix has the mask', () => {
    const special = { use: 'painted', key: paintedKey(painted) };
    const request = frameRequest(painted, REGION, { shares: painted.shares.slice(), special, ahead: false });
    assert.deepEqual([request.rank, request.mask, request.base], ['live', 'm', base]);
  });

  test('of what is outside is of that mix, without a mask', () => {
    const special = { use: 'outside', key: String(outsideKey(painted)) };
    const request = frameRequest(painted, REGION, { shares: painted.shares.slice(), special, ahead: false });
    assert.deepEqual([request.mix, request.mask], [base, undefined]);
  });
});

describe('the plan', () => {
  const line = { isLine: true, isResting: true };
  const pad = { isLine: false, isResting: true };

  test('without a mask is the mix itself', () => {
    assert.deepEqual(planFor(shown(), line), { special: [], own: true });
  });

  test('with a mask is the painted frame, once the server has the mask and the mix rests', () => {
    const ready = shown({ isPainted: true, maskId: 'm' });
    assert.deepEqual(planFor(ready, line).special.map(({ use }) => use), ['painted']);
    assert.deepEqual(planFor(ready, { ...line, isResting: false }).special, []);
    assert.deepEqual(planFor(shown({ isPainted: true }), line).special, []);
  });

  test('has the frame outside only where that is not the first end', () => {
    const based = shown({ isPainted: true, maskId: 'm', base: { shares: [0.5, 0.5] } });
    assert.deepEqual(planFor(based, line).special.map(({ use }) => use), ['painted', 'outside']);
  });

  test('has the mix under the mask on a pad, where the preview is drawn of it', () => {
    assert.equal(planFor(shown({ isPainted: true }), line).own, false);
    assert.equal(planFor(shown({ isPainted: true }), pad).own, true);
  });
});

describe('keys', () => {
  test('of painted frames differ with the mix, the mask and what is outside', () => {
    const all = [
      shown(), shown({ shares: [0.2, 0.8] }), shown({ maskVersion: 4 }), shown({ base: { shares: [0.5, 0.5] } }),
    ];
    assert.equal(new Set(all.map(paintedKey)).size, all.length);
  });

  test('of what is measured depend on the mask only where it applies', () => {
    assert.equal(paintingKey(shown({ maskVersion: 3 })), paintingKey(shown({ maskVersion: 4 })));
    assert.notEqual(
      paintingKey(shown({ isPainted: true, maskVersion: 3 })), paintingKey(shown({ isPainted: true, maskVersion: 4 })),
    );
  });
});

test('Python is told the mix, its layers, and the mask only where it applies', () => {
  const where = { region: REGION, seen: { left: 0, top: 0, width: 60, height: 40 } };
  const state = stateOf(shown({ layers: { last: 0 }, maskId: 'm' }), where);
  assert.deepEqual(state.mix, { shares: [0.25, 0.75], groups: { last: [1, 0] }, extrapolate: false, layers: { last: 0 } });
  assert.deepEqual([state.mask, state.region, state.seen], [null, REGION, where.seen]);
  assert.equal(stateOf(shown({ isPainted: true, maskId: 'm' }), where).mask, 'm');
  assert.equal(stateOf(shown({ isPainted: true, maskId: null }), where).mask, '', 'painted, but not with the server');
});

describe('a piece beside the live part', () => {
  test('is of what is shown, painted or not, and waits for all else', () => {
    const plain = pieceRequest(shown({ maskId: 'm' }), REGION);
    assert.deepEqual([plain.region, plain.mix.shares, plain.mask, plain.rank], [REGION, [0.25, 0.75], undefined, 'ahead']);
    assert.equal(pieceRequest(shown({ isPainted: true, maskId: 'm' }), REGION).mask, 'm');
  });

  test('is out of date where anything else is shown', () => {
    const { scene } = shown();
    /** @type {Partial<Shown>[]} */
    const others = [
      { shares: [0.3, 0.7] }, { layers: { last: 0.5 } }, { beyond: true }, { isPainted: true }, { maskVersion: 4 },
      { repair: true }, { scene: { ...scene, token: 'another' } }, { scene: { ...scene, pair: 'another' } },
    ];
    const keys = [shown(), ...others.map((other) => shown(other))].map(pieceKey);
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(pieceKey(shown()), keys[0]);
  });
});
