// @ts-check
// What is used of Gradio's own page. The public surface is what `js_on_load` is given (`Component`). The functions
// here reach into Gradio's DOM, which it doesn't promise: seen in 6.31, and checked by tests/test_web_component.py.

/** @typedef {import('./protocol.js').Server} Server */

/**
 * What `js_on_load` of a `gr.HTML` is given.
 * @template [Value=any]
 * @typedef {object} Component
 * @property {HTMLElement} element
 * @property {{ value: Value | null, markup: string } & Record<string, any>} props setting `value` tells Python
 * @property {(event: string, data?: object) => void} trigger
 * @property {Server} server
 * @property {(file: File) => Promise<{ path: string, url: string }>} [upload]
 * @property {(names: string | string[], changed: () => void) => void} watch called after Python sets a property
 */

/**
 * Give files to one of Gradio's upload boxes as if they had been chosen there, or dropped on the one for a picture,
 * which takes files then, also while it waits for a click to paste and has no input. Internal: the box is a file input
 * inside the component's element, which listens to `change`; around that of a picture is one that listens to `drop`.
 * @param {string} selector of the box
 * @param {readonly File[]} files
 * @returns {boolean} whether there were a box and files
 */
export function giveFiles(selector, files) {
  const input = document.querySelector(`${selector} input[type="file"]`);
  const picture = document.querySelector(`${selector} [data-testid="image"] .upload-container`);
  if (!files.length) return false;
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  if (picture) {
    picture.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
    return true;
  }
  if (!(input instanceof HTMLInputElement)) return false;
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  return true;
}

/**
 * The same for a box in an accordion, which is opened. Internal: Gradio renders what is in a closed one when it is
 * opened at first, and the first button of an accordion opens it.
 * @param {{ panel: string, box: string }} place selectors of the accordion, and of the box in it
 * @param {readonly File[]} files
 */
export function giveFilesInside({ panel, box }, files) {
  const accordion = document.querySelector(panel);
  if (!accordion || giveFiles(box, files)) return;
  const observer = new MutationObserver(() => {
    if (!accordion.querySelector(`${box} input[type="file"]`)) return;
    observer.disconnect();
    requestAnimationFrame(() => giveFiles(box, files)); // it listens by then
  });
  observer.observe(accordion, { childList: true, subtree: true });
  accordion.querySelector('button')?.click();
}

/**
 * Open the file chooser of one of Gradio's upload boxes. Internal: as above.
 * @param {string} selector of the box
 * @returns {boolean} whether there was one
 */
export function chooseFiles(selector) {
  const input = document.querySelector(`${selector} input[type="file"]`);
  if (!(input instanceof HTMLInputElement)) return false;
  input.click();
  return true;
}

/**
 * Call the thumbnails of a gallery by their captions; Gradio calls them by their numbers. Internal: a thumbnail is a
 * button with a caption inside of the gallery's element.
 * @param {string} selector of the gallery
 */
export function nameThumbnails(selector) {
  const gallery = document.querySelector(selector);
  if (!gallery) return;
  const name = () => {
    for (const button of gallery.querySelectorAll('.thumbnail-item')) {
      const caption = button.querySelector('.caption-label')?.textContent;
      if (caption && button.getAttribute('aria-label') !== caption) button.setAttribute('aria-label', caption);
    }
  };
  name();
  new MutationObserver(name).observe(gallery, { childList: true, subtree: true, attributeFilter: ['aria-label'] });
}

/**
 * Call a function when the page turns dark or light. Internal: Gradio marks a dark page by a class of the body.
 * @param {() => void} changed
 * @returns {MutationObserver}
 */
export function onThemeChange(changed) {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  return observer;
}
