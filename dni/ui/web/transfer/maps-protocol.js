// @ts-check
// What the views of unlabelled data, letters and words and the server say to each other, as types.

/** @typedef {import('../lib/protocol.js').Success} Success */

/** @typedef {{ mean: number, deviation: number }} Measured Over the seeds. */

/** @typedef {Success & { atoms: string, samples: string, report: UnlabelledReport }} UnlabelledOpenReply bytes in base64 */

/** @typedef {{ source: 'mnist' | 'usps', ink: string }} UnlabelledReadRequest `ink` is bytes (28, 28) in base64. */

/**
 * @typedef {Success & {
 *   raw: number[][], scores: number[][][], usage: string, pictures: string, active: number[],
 * }} UnlabelledReadReply
 */

/** @typedef {{ clean: Record<string, Measured>, noisy?: Record<string, Measured> }} Accuracies By labels a class. */

/**
 * `weights/transfer/unlabelled/report.json`.
 * @typedef {object} UnlabelledReport
 * @property {number} seeds
 * @property {number} draws
 * @property {number} test
 * @property {number} noise
 * @property {Record<string, { raw: Accuracies, along: ({ alpha: number } & Accuracies)[] }>} table
 */

/**
 * @typedef {Success & {
 *   gallery: string, alphabets: string[], letters: number[], samples: string, report: LettersReport,
 * }} LettersOpenReply
 */

/** @typedef {{ start: 'untrained' | 'classifier' }} LettersMapRequest */
/** @typedef {Success & { positions: string }} LettersMapReply 16-bit words (alphas, n, 2) in base64 */
/** @typedef {LettersMapRequest & { ink: string }} LettersReadRequest */

/**
 * @typedef {Success & {
 *   neighbours: number[][], distances: number[][], position: number[][],
 * }} LettersReadReply
 */

/** @typedef {LettersReadRequest & { alpha: number }} LettersExactRequest */

/**
 * @typedef {Success & {
 *   neighbours: number[], distances: number[], position: number[], positions: string, milliseconds: number,
 * }} LettersExactReply
 */

/**
 * `weights/transfer/letters/report.json`.
 * @typedef {object} LettersReport
 * @property {number} seeds
 * @property {Measured} pixels
 * @property {Record<string, Measured>} ends
 * @property {Record<string, { alpha: number, accuracy: Measured }[]>} curves
 */

/** @typedef {Success & { report: WordsReport }} WordsOpenReply */
/** @typedef {{ start: string, minus: string, plus: string, t: number, alpha: number }} WordsRequest */

/**
 * @typedef {Success & {
 *   words: string[], cosines: number[], given: boolean[], milliseconds: number,
 * }} WordsReply
 */

/**
 * `weights/transfer/words/report.json`.
 * @typedef {object} WordsReport
 * @property {number} seeds
 * @property {number} words
 * @property {{ family: number, family_all: number, wordsim: number, wordsim_all: number }} questions
 * @property {{ family: Measured, wordsim: Measured }} counted Not trained.
 * @property {{ family: Measured, wordsim: Measured }} ancestor
 * @property {{ alpha: number, family: Measured, wordsim: Measured }[]} curve
 */

export {};
