// @ts-check
// What the page and the server say to each other, as types; and how the page asks.

/**
 * A rectangle of the picture, in its own pixels.
 * @typedef {{ left: number, top: number, width: number, height: number }} Region
 */

/**
 * A blend of networks. `groups` holds shares of layer groups that differ from the rest.
 * @typedef {object} Mix
 * @property {number[]} shares one number for each end, with the sum 1
 * @property {Record<string, number[]>} [groups]
 * @property {boolean} [extrapolate] whether shares may be below 0 or above 1
 * @property {boolean} [repair] whether the blend's activations are repaired
 * @property {Method} [method] the merge method; without one, the straight line
 */

/**
 * A merge method, and where it has them how much it keeps and what it draws by.
 * @typedef {{ name: string, density?: number, seed?: number }} Method
 */

/**
 * What can be done about a picture's size; the factor 1 goes back to the full picture.
 * @typedef {{ factor: number, text: string, button: string }} Reduction
 */

/**
 * What every scene says: a picture through a set of networks.
 * @typedef {object} Scene
 * @property {string} serial new for each scene that the server makes
 * @property {string} token the picture's
 * @property {string} name the picture's
 * @property {number} width in pixels of the picture given
 * @property {number} height
 * @property {number} scale of the enlargement
 * @property {string} pair id of the networks
 * @property {string[]} labels of the ends
 * @property {number} live_pixels the largest region that is cheap enough to be live
 * @property {string} session who asks; opaque text that the server gave
 * @property {string} example name of the example, or empty
 * @property {string} [full] token of what the picture was reduced from, or empty
 * @property {Reduction | null} [reduction] what is offered of its size
 */

/**
 * The value of the Effects tab's viewer. The page adds `region`, and `alpha` as it is now.
 * @typedef {Scene & {
 *   alpha: number, whole: string, estimate: string, starts?: boolean, prepares: boolean, prepared?: boolean, region?: Region | null,
 * }} ViewerScene
 */

/**
 * One effect of the row. `bytes` to download, 0 where nobody knows; `before` and `after` are addresses, or empty.
 * @typedef {{
 *   pair: string, name: string, line: string, bytes: number, superseded: boolean, before: string, after: string,
 * }} EffectCard
 */

/**
 * The value of the row of effects: the pair that is shown, all that need no download, and what a link asks for.
 * @typedef {{ serial: string, pair: string, here: string[], wanted: string }} EffectChoice
 */

/**
 * How alike the ends' filters are in a group of layers; null where it is not known.
 * @typedef {{ name: string, correlation?: number | null }} LayerGroup
 */

/**
 * The value of the Mixing tab's component, from the server. `mix`, `base`, `png` and `crop` are those of a recipe.
 * @typedef {Scene & {
 *   groups: LayerGroup[], levels?: number | null, tile?: number | null, pad?: string,
 *   mix?: (Mix & { layers?: Record<string, number> }) | null, base?: Mix | null, png?: string | null,
 *   crop?: Region | null,
 * }} MixingScene
 */

/**
 * What the Mixing tab's component says back: what is on screen. `layers` is how much of the mix a group gets.
 * @typedef {Scene & {
 *   groups: LayerGroup[], levels?: number | null, tile?: number | null,
 *   mix: Mix & { layers: Record<string, number> }, base: Mix | null, mask: string | null,
 *   region: Region | null, seen: Region,
 * }} MixingState
 */

/**
 * Asks for a frame of the viewer; `ahead` where nobody waits for it yet.
 * @typedef {{
 *   token: string, pair: string, region: Region, alpha: number, session: string, ahead: boolean,
 * }} ViewerFrameRequest
 */

/**
 * Asks for something about a region at a mix; with `mask`, the mix is where it is painted and `base` elsewhere.
 * @typedef {{
 *   token: string, pair: string, region: Region, mix: Mix, session: string,
 *   mask?: string | null, base?: Mix | null, levels?: number | null,
 * }} MixRequest
 */

/** @typedef {MixRequest & { rank: 'live' | 'ahead' }} MixFrameRequest */
/** @typedef {MixRequest & { against: string }} CurveRequest */
/** @typedef {MixRequest & { goal: string }} BestMixRequest */
/** @typedef {{ session: string, stop?: boolean }} BestMixStepsRequest */
/** @typedef {{ token: string, png: string, session: string }} MaskRequest */
/** @typedef {{ token: string, kind: string, session: string }} AutoMaskRequest */
/** @typedef {{ token: string, pair: string, region: Region, session: string }} BeforeRequest */
/** @typedef {{ token: string, session: string, region?: Region }} OverviewRequest all of the picture, or a part */

/** @typedef {{ error: string, dropped?: undefined }} Failure a sentence for the person */
/** @typedef {{ dropped: true, error?: undefined }} Dropped a newer request took its place */
/** @typedef {{ error?: undefined, dropped?: undefined }} Success */

/** @typedef {Success & { jpeg: string, milliseconds: number, notice: string }} Frame */
/** @typedef {Frame | Failure | Dropped} FrameReply */
/** @typedef {(Success & { jpeg: string }) | Failure} PictureReply */
/** @typedef {(Success & { mask: string }) | Failure} MaskReply */
/** @typedef {(Success & { png: string }) | Failure} AutoMaskReply */
/**
 * @typedef {(Success & {
 *   network: string, pixels: string, difference: string, note: string,
 * }) | Failure | Dropped} CompareReply
 */
/** @typedef {{ alpha: number, distortion: number, perception: number, text: string }} CurvePoint */
/**
 * @typedef {(Success & {
 *   points: CurvePoint[], axes: { distortion: string, perception: string }, note: string,
 *   suggestion: { alpha: number, reason: string },
 * }) | Failure | Dropped} CurveReply
 */

/**
 * A better mix: its shares, and how much of it each group of layers gets.
 * @typedef {(Success & { shares: number[], layers: Record<string, number>, note: string }) | Failure | Dropped} BestMixReply
 */
/** @typedef {(Success & { done: number, total: number }) | Failure} BestMixSteps */

/** What Gradio offers for each of the component's Python functions. */
/** @typedef {Record<string, (request: unknown) => Promise<any>>} Server */

export const NO_ANSWER =
  'The server does not answer. What is on screen stays; try the same again in a moment.';

/**
 * Call a function of the server. A server that is gone gives a {@link Failure} like any other.
 * @param {Server} server
 * @param {string} name
 * @param {unknown} request
 * @returns {Promise<any>} the reply; see the types above
 */
export async function ask(server, name, request) {
  let reply = null;
  try {
    reply = await server[name](request);
  } catch {
    // The message below says it.
  }
  return reply ?? { error: NO_ANSWER };
}
