// @ts-check
// The colour that stands for an end on the pad and beside its share.

const COLOURS = ['#4f46e5', '#c2410c', '#0f766e', '#a21caf', '#1d4ed8', '#a16207', '#be123c', '#15803d'];

/** @param {number} end */
export function colourOf(end) {
  return COLOURS[end % COLOURS.length];
}
