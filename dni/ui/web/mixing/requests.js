// @ts-check
// What the mixing page wants of the server, and what it says is on screen.

import { isInterpolation, keyOf } from '../lib/frames/shares.js';
import { groupShares } from './panels/layer-parts.js';

/** @typedef {import('../lib/frames/frame-grid.js').Plan} Plan */
/** @typedef {import('../lib/frames/frame-grid.js').WantedFrame} WantedFrame */
/** @typedef {import('../lib/protocol.js').Method} Method */
/** @typedef {import('../lib/protocol.js').Mix} Mix */
/** @typedef {import('../lib/protocol.js').MixFrameRequest} MixFrameRequest */
/** @typedef {import('../lib/protocol.js').MixingScene} MixingScene */
/** @typedef {import('../lib/protocol.js').MixingState} MixingState */
/** @typedef {import('../lib/protocol.js').MixRequest} MixRequest */
/** @typedef {import('../lib/protocol.js').Region} Region */

/**
 * What is on screen.
 * @typedef {object} Shown
 * @property {MixingScene} scene
 * @property {readonly number[]} shares
 * @property {Record<string, number>} layers the part of the mix that a group of layers gets, where not all of it
 * @property {boolean} beyond whether shares may be below 0 or above 1
 * @property {boolean} [repair] whether the blend is repaired
 * @property {Method | null} [method] the merge method; null: the straight line
 * @property {Mix | null} base the mix outside of the mask; null: the first end
 * @property {boolean} isPainted whether the mask applies
 * @property {number} maskVersion
 * @property {string | null} maskId what the server calls this version of the mask; null: it has not got it yet
 */

const NOWHERE = { left: 0, top: 0, width: 0, height: 0 };

/**
 * The mix at some shares in the layers that are on screen.
 * @param {Shown} shown
 * @param {readonly number[]} shares
 * @returns {Mix}
 */
export function mixAt({ layers, beyond, repair, method }, shares) {
  return {
    shares: [...shares],
    groups: groupShares(layers, shares),
    extrapolate: beyond || !isInterpolation(shares),
    ...(repair ? { repair } : {}),
    ...(method ? { method } : {}),
  };
}

/**
 * Frames beside keyframes: once the mask is there and the mix rests, the painted one; where that is not the first end,
 * what is outside of it. On a line the painted preview is made of keyframes, so the mix's own frame is of no use.
 * @param {Shown} shown
 * @param {{ isLine: boolean, isResting: boolean }} how
 * @returns {Plan}
 */
export function planFor(shown, { isLine, isResting }) {
  if (!shown.isPainted) return { special: [], own: true };
  const special = [];
  if (isResting && shown.maskId !== null) special.push({ use: 'painted', key: paintedKey(shown) });
  const outside = outsideKey(shown);
  if (outside !== null) special.push({ use: 'outside', key: outside, aside: true });
  return { special, own: !isLine };
}

/**
 * What a painted frame is of.
 * @param {Shown} shown
 */
export function paintedKey({ shares, maskVersion, base }) {
  return `${keyOf(shares)} ${maskVersion} ${base ? keyOf(base.shares) : ''}`;
}

/**
 * What the frame outside of the mask is of; null for the first end, whose frame is a keyframe.
 * @param {Shown} shown
 */
export function outsideKey({ base }) {
  return base && keyOf(base.shares);
}

/**
 * What a measured curve depends on beside the networks: what is painted.
 * @param {Shown} shown
 */
export function paintingKey({ isPainted, maskVersion, base }) {
  return isPainted ? `${maskVersion} ${base ? keyOf(base.shares) : ''}` : '';
}

/**
 * @param {Shown} shown
 * @param {Region} region
 * @param {readonly number[]} shares
 * @param {{ isPainted: boolean }} how
 * @returns {MixRequest}
 */
export function requestFor(shown, region, shares, { isPainted }) {
  const { scene, maskId, base } = shown;
  const { token, pair, session } = scene;
  const painted = isPainted ? { mask: maskId, base, levels: scene.levels ?? null } : {};
  return { token, pair, region, mix: mixAt(shown, shares), session, ...painted };
}

/**
 * @param {Shown} shown
 * @param {Region} region
 * @param {WantedFrame} wanted
 * @returns {MixFrameRequest}
 */
export function frameRequest(shown, region, { shares, special, ahead }) {
  const request = requestFor(shown, region, shares, { isPainted: special?.use === 'painted' });
  const outside = special?.use === 'outside' && shown.base ? { mix: shown.base } : {};
  return { ...request, ...outside, rank: ahead ? 'ahead' : 'live' };
}

/**
 * A part beside the live one, as all of the picture is shown.
 * @param {Shown} shown
 * @param {Region} region
 * @returns {MixFrameRequest}
 */
export function pieceRequest(shown, region) {
  return { ...requestFor(shown, region, shown.shares, { isPainted: shown.isPainted }), rank: 'ahead' };
}

/**
 * What is shown, wherever: pieces of anything else are out of date.
 * @param {Shown} shown
 */
export function pieceKey(shown) {
  return JSON.stringify([pieceRequest(shown, NOWHERE), shown.maskVersion]);
}

/**
 * What Python is told of what is on screen.
 * @param {Shown} shown
 * @param {{ region: Region | null, seen: Region }} where
 * @returns {MixingState}
 */
export function stateOf(shown, { region, seen }) {
  const { scene, shares, layers, base, isPainted, maskId } = shown;
  const mix = { ...mixAt(shown, shares), layers };
  return { ...scene, mix, base, mask: isPainted ? maskId ?? '' : null, region, seen };
}
