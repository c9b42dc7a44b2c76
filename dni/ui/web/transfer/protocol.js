// @ts-check
// What the Transfer tab and the server say to each other, as types.

/** @typedef {import('../lib/protocol.js').Failure} Failure */
/** @typedef {import('../lib/protocol.js').Success} Success */

/** @typedef {{ title: string, isMnist: boolean, count: number }} DigitSource Where the test digits come from. */

/** @typedef {{ hidden: number, ink: string }} TeacherReadRequest bytes (28, 28) in base64 */
/** @typedef {TeacherReadRequest & { alpha: number, bias: number }} TeacherExactRequest */

/**
 * @typedef {Success & {
 *   source: DigitSource, pixels: string, labels: number[], report: TeacherReport,
 * }} TeacherOpenReply `pixels` uint8 (n, 28, 28) in base64
 */

/** @typedef {Success & { teacher: number[], students: number[][] }} TeacherReadReply logits (10); (alphas, 10) */

/**
 * The blended student itself.
 * @typedef {Success & {
 *   accuracy: { all: number, hidden: number }, logits: number[], milliseconds: number,
 * }} TeacherExactReply
 */

/** @typedef {{ mean: number, deviation: number }} Measured Over the seeds; shares from 0 to 1. */

/**
 * @typedef {{
 *   seeds: { all: Measured[], hidden: Measured[] }, shipped: { all: number[][], hidden: number[][] },
 * }} Blends
 */

/**
 * `weights/transfer/teacher/report.json`. `curves` has, for a hidden digit and a kind of student, the accuracies at
 * all biases, over the seeds; `blends` those between the hard and the soft student: over the seeds at each alpha without
 * a bias, and of the networks that ship (alphas, biases).
 * @typedef {object} TeacherReport
 * @property {number} seeds
 * @property {number} teacher
 * @property {Record<string, Measured>} all
 * @property {Record<string, Record<string, { all: Measured[], hidden: Measured[] }>>} curves
 * @property {Record<string, Blends>} blends
 */

/** @typedef {{ cut: number, alphas: Record<string, number>, measure: boolean }} DepthReadRequest */

/**
 * @typedef {Success & {
 *   source: DigitSource, pixels: string, labels: number[], report: DepthReport,
 * }} DepthOpenReply `pixels` uint8 (n, 28, 28) in base64
 */

/** @typedef {Success & { answers: number[], accuracy: number | null, milliseconds: number }} DepthReadReply */

/**
 * `weights/transfer/depth/report.json`. `counts` by labels a class: `alone`, and `kinds` by kind and cut. `layers` by
 * cut, of the pairs between AnB and AnB+: the accuracy when only a layer is at alpha 1, or all but it.
 * @typedef {object} DepthReport
 * @property {number} seeds
 * @property {Record<string, { alone: Measured, kinds: Record<string, Measured[]> }>} counts
 * @property {{ curve: Measured[], only: Record<string, Measured>, without: Record<string, Measured> }[]} layers
 */

export {};
