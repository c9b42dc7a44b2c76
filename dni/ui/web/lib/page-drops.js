// @ts-check
// Files that are dropped beside all that takes them: a browser would open one in place of the page.

/**
 * @param {(files: File[]) => void} take
 */
export function followPageDrops(take) {
  // A thumbnail that a click drags along a little is a file too.
  let isFromPage = false;
  document.addEventListener('dragstart', () => { isFromPage = true; }, { capture: true });
  document.addEventListener('dragend', () => { isFromPage = false; }, { capture: true });
  document.addEventListener('dragover', (event) => {
    if (!isFromPage && hasFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (isFromPage || event.defaultPrevented || !hasFiles(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

/** @param {DragEvent} event */
function hasFiles({ dataTransfer }) {
  return Boolean(dataTransfer?.types.includes('Files'));
}
