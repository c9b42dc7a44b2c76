// @ts-check
// What the Adaptation tab and the server say to each other, as types. Domains are in the server's order: MNIST,
// MNIST-M, inverted, and the person's own picture behind the digits.

/** @typedef {import('../lib/protocol.js').Failure} Failure */
/** @typedef {import('../lib/protocol.js').Success} Success */

/**
 * What is blended and looked at: `method` is the id of the adapted network's training, `token` a picture's,
 * `strength` how far it is faded in, 0 to 1. A person's own picture is found for the `session` it came with.
 * @typedef {{ method: string, token: string, strength: number, session?: string | null }} Subject
 */

/** @typedef {Subject & { alpha: number }} ExactRequest */
/** @typedef {{ method: string, token: string, alpha: number, session?: string | null }} StrengthsRequest */
/** @typedef {Subject & { ink: string, colour: number[] }} DrawRequest bytes (28, 28) in base64; levels of RGB */

/**
 * Accuracy on MNIST-M over several seeds, and the mean accuracy of a domain classifier trained on all features.
 * @typedef {{ count: number, mean: number, std: number, domain_accuracy: number }} Seeds
 */

/**
 * What ships of the measures of source-only and one method; rows of accuracies are those at `alphas`.
 * @typedef {object} Facts
 * @property {number} seed Of the networks.
 * @property {Seeds | null} seeds
 * @property {number[]} alphas
 * @property {number[]} pictureAlphas Where accuracy over an example picture is measured.
 * @property {{ names: string[], accuracy: number[][] }} inks
 * @property {number} inkCount Digits in each ink.
 * @property {number[][]} norms Of the first convolution for red, green and blue: of source-only, of the method.
 * @property {{ edges: number[], counts: number[], accuracy: number[][] }} brightness Edges 0 to 256.
 */

/**
 * Samples of all domains and the networks' answers at all `alphas`.
 * @typedef {Success & {
 *   serial: string, method: string, titles: string[], notes: string[],
 *   source: { title: string, isMnist: boolean }, counts: number[], measured: Facts | null, labels: number[],
 *   pixels: string, alphas: number[], probs: string, map: { positions: string, labels: number[][] },
 * }} PredictionsReply `pixels` uint8 (4, 40, 28, 28, 3); `probs` (alphas, 4, 40, 10); positions (alphas, 2, n, 2)
 */

/** @typedef {Success & { serial: string, accuracy: number[][] }} CurveReply (alphas, domains) */

/**
 * The answers of the blended network itself.
 * @typedef {Success & {
 *   serial: string, probs: string, map: string, accuracy: number[], milliseconds: number,
 * }} ExactReply
 */

/**
 * @typedef {Success & {
 *   serial: string, strengths: number[], accuracy: { source: number[], blend: number[], adapted: number[] },
 * }} StrengthsReply
 */

/** @typedef {Success & { pixels: string, probs: string }} DrawReply uint8 (28, 28, 3); (alphas, 10) */

/** @typedef {Record<string, number> & { iteration: number }} Metrics */

/**
 * DANN's training: one row of `positions` for each of `iterations`.
 * @typedef {Success & {
 *   iterations: number[], metrics: Metrics[], positions: string, labels: number[][], note: string,
 * }} RunReply
 */

/** @typedef {{ id: string, title: string, group: string, about: string, paper: string }} MethodChoice */

/**
 * What the tab shows first.
 * @typedef {object} Start
 * @property {string} method
 * @property {MethodChoice[]} methods
 * @property {string} token The picture's.
 * @property {[token: string, title: string][]} pictures
 */

/**
 * A change from the server, the component's value: a person's own picture.
 * @typedef {{ serial: string, token: string, picture: string, session?: string }} Change
 */

export {};
