// @ts-check
// The mix that the page starts with: a recipe's, or one of new networks.

import { clamped, isInterpolation, oneEnd } from '../lib/frames/shares.js';
import { AroundSpace } from '../lib/frames/spaces.js';

/** @typedef {import('../lib/protocol.js').Mix} Mix */
/** @typedef {import('../lib/frames/shares.js').Shares} Shares */
/** @typedef {import('../lib/frames/spaces.js').MixSpace} MixSpace */

/** How much of the first look is shown at first, where the first end is in the middle of the pad. */
const FIRST_LOOK = 0.75;

/**
 * @param {{ numEnds: number, pad?: string, mix?: Mix | null }} of pad: how the ends are arranged; mix: a recipe's
 * @returns {{ shares: Shares, isAround: boolean, beyond: boolean }} beyond: shares below 0 and above 1 can be set
 */
export function startOf({ numEnds, pad = 'corners', mix = null }) {
  const space = pad === 'around' && numEnds === 4 ? new AroundSpace() : null;
  if (mix) {
    // A mix that has no place there is shown as it is, on the square or with sliders.
    const isAround = space !== null && space.holds(mix.shares);
    return { shares: mix.shares, isAround, beyond: !isAround && (mix.extrapolate ?? false) };
  }
  if (!space) return { shares: oneEnd(numEnds, 0).map(() => 1 / numEnds), isAround: false, beyond: false };
  return { shares: [1 - FIRST_LOOK, FIRST_LOOK, 0, 0], isAround: true, beyond: false };
}

/**
 * The shares that a space can show which are nearest to these.
 * @param {MixSpace} space
 * @param {readonly number[]} shares
 * @param {{ isUnlimited: boolean }} options whether shares may be below 0 and above 1
 * @returns {Shares}
 */
export function sharesWithin(space, shares, { isUnlimited }) {
  if (space.kind === 'around') return space.sharesAt(space.pointOf(shares));
  return isUnlimited || isInterpolation(shares) ? [...shares] : clamped(shares);
}
