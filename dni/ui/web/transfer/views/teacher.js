// @ts-check
// The view "From a teacher".

/** @type {import('../transfer.js').MountView} */
export function mountTeacher() {
  return { draw() {} };
}
