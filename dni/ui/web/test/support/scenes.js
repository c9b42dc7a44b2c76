// @ts-check
// Scenes for tests.

/** @typedef {import('../../lib/protocol.js').Scene} Scene */

export const REGION = { left: 0, top: 0, width: 64, height: 48 };

/**
 * A scene of a small picture through networks with these labels.
 * @param {Partial<Scene>} [parts]
 * @returns {Scene}
 */
export function makeScene(parts = {}) {
  return {
    serial: 'one',
    token: 'cat',
    name: 'cat.png',
    width: 64,
    height: 48,
    scale: 4,
    pair: 'tiny',
    labels: ['calm', 'wild'],
    live_pixels: 64 * 48,
    session: 'somebody',
    example: 'cat',
    ...parts,
  };
}
