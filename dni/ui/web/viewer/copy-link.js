// @ts-check
// Copies a link to what is on screen, and says what it does not hold.

import { copyText, showText } from '../lib/dom.js';

const COPIED_MS = 1500;

/**
 * @param {HTMLElement} button which says for a moment that it is done
 * @param {{ link: string, hasPicture: boolean, tell: (text: string) => void }} options `hasPicture`: whether the link
 *   leads to the picture too, which it cannot to a person's own
 */
export async function copyLink(button, { link, hasPicture, tell }) {
  if (!await copyText(link)) {
    tell(`Copy this link: ${link}`);
    return;
  }
  showText(button, 'Copied');
  if (!hasPicture) tell('The link holds the effect and alpha. Your own picture stays with you.');
  setTimeout(() => showText(button, 'Copy link'), COPIED_MS);
}
