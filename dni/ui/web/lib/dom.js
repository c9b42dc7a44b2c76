// @ts-check
// Small helpers for the page's elements.

/**
 * The first element that matches; it must be there.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(root, selector) {
  return findAs(root, selector, HTMLElement);
}

/**
 * The first element that matches; it must be there and of the type.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {{ new (): T }} type
 * @returns {T}
 */
export function findAs(root, selector, type) {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new TypeError(`Expected a ${type.name} at ${selector}`);
  return element;
}

/**
 * All elements that match.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export function findAll(root, selector) {
  return [...root.querySelectorAll(selector)].filter((element) => element instanceof HTMLElement);
}

/**
 * Fill an element with markup from one of our own files, which holds no text of any person.
 * @param {HTMLElement} element
 * @param {string} markup
 */
export function fill(element, markup) {
  const template = document.createElement('template');
  // eslint-disable-next-line no-restricted-properties -- static markup of ours
  template.innerHTML = markup;
  element.replaceChildren(template.content);
}

/** Inputs that take no text. */
const UNTYPED = '[type="range"], [type="checkbox"], [type="radio"], [type="file"]';

/**
 * Whether what is typed at a target is text.
 * @param {EventTarget | null} target
 */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches(`textarea, input:not(${UNTYPED})`);
}

/**
 * Call turn(true) and turn(false) as a button or a letter is held and let go, by mouse, touch or keyboard.
 * @param {HTMLElement} button
 * @param {string} letter in lower case
 * @param {(on: boolean) => void} turn
 */
export function onHold(button, letter, turn) {
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId);
    turn(true);
  });
  for (const name of ['pointerup', 'pointercancel', 'blur']) button.addEventListener(name, () => turn(false));
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  button.addEventListener('keydown', (event) => {
    if (event.key === ' ' || event.key === 'Enter') turn(true);
  });
  button.addEventListener('keyup', () => turn(false));
  document.addEventListener('keydown', (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (event.key.toLowerCase() === letter && !modified && !isTyping(event.target)) turn(true);
  });
  document.addEventListener('keyup', (event) => {
    if (event.key.toLowerCase() === letter) turn(false);
  });
  window.addEventListener('blur', () => turn(false));
}

/**
 * Put a text on the clipboard.
 * @param {string} text
 * @returns {Promise<boolean>} whether that worked
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/**
 * Needs neither a secure page nor a permission, unlike the clipboard's own interface.
 * @param {string} text
 */
function copyBySelection(text) {
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

/**
 * @param {string} text in base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index);
  return bytes;
}

/**
 * @param {string} jpeg in base64
 * @returns {Promise<ImageBitmap>}
 */
export function decodeJpeg(jpeg) {
  return createImageBitmap(new Blob([bytesOf(jpeg)], { type: 'image/jpeg' }));
}

/**
 * Set an element's text if it is another one: setting it costs a layout.
 * @param {Element} element
 * @param {string} text
 */
export function showText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
