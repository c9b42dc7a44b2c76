// @ts-check
// The view "How deep?".

/** @type {import('../transfer.js').MountView} */
export function mountDepth() {
  return { draw() {} };
}
