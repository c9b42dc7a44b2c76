// @ts-check
// How much of the mix each group of layers gets: a part from 0 (the first end alone) to 1 (the mix).

/** @typedef {'all' | 'late' | 'early' | 'rising'} PresetName */

const KEY_STEP = 0.05;
const DECIMALS = 2;

/** The part at a depth, which runs from 0 for the first group to 1 for the last. */
const PRESETS = {
  all: () => 1,
  /** @param {number} depth */
  late: (depth) => (depth < 0.5 ? 0 : 1),
  /** @param {number} depth */
  early: (depth) => (depth < 0.5 ? 1 : 0),
  /** @param {number} depth */
  rising: (depth) => depth,
};

/**
 * A part as it is kept: from 0 to 1, to two decimals.
 * @param {number} value
 */
export function roundedPart(value) {
  const scale = 10 ** DECIMALS;
  return Math.round(Math.min(1, Math.max(0, value)) * scale) / scale;
}

/**
 * @param {string} text
 * @returns {text is PresetName}
 */
export function isPreset(text) {
  return Object.hasOwn(PRESETS, text);
}

/**
 * The parts of a preset.
 * @param {PresetName} name
 * @param {number} numGroups
 * @returns {number[]}
 */
export function presetParts(name, numGroups) {
  const last = Math.max(1, numGroups - 1);
  return Array.from({ length: numGroups }, (_, index) => roundedPart(PRESETS[name](index / last)));
}

/**
 * The part after a key on a bar, or null where the key means nothing there.
 * @param {string} key
 * @param {number} part
 * @returns {number | null}
 */
export function partAfterKey(key, part) {
  switch (key) {
    case 'ArrowUp':
    case 'ArrowRight': return roundedPart(part + KEY_STEP);
    case 'ArrowDown':
    case 'ArrowLeft': return roundedPart(part - KEY_STEP);
    case 'Home': return 0;
    case 'End': return 1;
    default: return null;
  }
}

/**
 * The groups that do not get all of the mix, by name.
 * @param {readonly string[]} names
 * @param {readonly number[]} parts
 * @returns {Record<string, number>}
 */
export function ownParts(names, parts) {
  const entries = names.map((name, index) => /** @type {const} */ ([name, parts[index]]));
  return Object.fromEntries(entries.filter(([, part]) => part < 1));
}

/**
 * The shares of the groups that do not get all of a mix: (1 - part) * first end + part * mix.
 * @param {Readonly<Record<string, number>>} layers parts by name
 * @param {readonly number[]} shares the mix
 * @returns {Record<string, number[]>}
 */
export function groupShares(layers, shares) {
  return Object.fromEntries(Object.entries(layers).map(([name, part]) => [
    name, shares.map((share, end) => part * share + (end ? 0 : 1 - part)),
  ]));
}
