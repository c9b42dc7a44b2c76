// @ts-check
// Masks as images: read from files, written as PNG for the server, and shown as a red veil over the picture.

import { bytesOf } from '../../lib/dom.js';

/** @typedef {import('./brush.js').Levels} Levels */
/** @typedef {import('./brush.js').Size} Size */
/** @typedef {import('./mask.js').Mask} Mask */

const VEIL = { red: 255, green: 30, blue: 60 };
/** Of red, green and blue in the brightness of an sRGB pixel. */
const BRIGHTNESS = [0.2126, 0.7152, 0.0722];
/** More arguments at once overflow the stack. */
const CHUNK = 8192;

/**
 * @param {OffscreenCanvas} canvas
 * @returns {OffscreenCanvasRenderingContext2D}
 */
function contextOf(canvas) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('Expected a canvas that can be drawn on, but the browser has none left.');
  return context;
}

/**
 * @param {ImageBitmap} bitmap
 * @param {Size} size
 * @returns {Uint8ClampedArray} red, green, blue and opacity of each pixel, on black
 */
function pixelsOf(bitmap, { width, height }) {
  const context = contextOf(new OffscreenCanvas(width, height));
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}

/**
 * A mask that was saved as an image, at its own size, unchanged.
 * @param {Blob} blob
 * @returns {Promise<Levels>}
 */
export async function readMask(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none' });
  const { width, height } = bitmap;
  return { width, height, levels: channel(pixelsOf(bitmap, { width, height }), 0) };
}

/**
 * A mask from any picture: its brightness, stretched to a size.
 * @param {Blob} blob
 * @param {Size} size
 * @returns {Promise<Levels>}
 */
export async function readBrightness(blob, { width, height }) {
  const bitmap = await createImageBitmap(blob);
  return { width, height, levels: brightness(pixelsOf(bitmap, { width, height })) };
}

/**
 * @param {string} png in base64
 * @returns {Promise<Levels>}
 */
export function readMaskText(png) {
  return readMask(new Blob([bytesOf(png)], { type: 'image/png' }));
}

/**
 * @param {Levels} mask
 * @returns {Promise<string>} a PNG in base64
 */
export async function writeMaskText({ width, height, levels }) {
  const blob = await canvasOf(greyPixels(levels), { width, height }).convertToBlob({ type: 'image/png' });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(text);
}

/** The mask as a red veil; it is painted anew only after a change. */
export class MaskVeil {
  /** @type {OffscreenCanvas | null} */
  #canvas = null;
  #version = -1;

  /**
   * @param {Mask} mask
   * @returns {OffscreenCanvas} as opaque as the mask's levels, of the mask's size
   */
  of(mask) {
    if (!this.#canvas || this.#version !== mask.version) {
      this.#canvas = canvasOf(veilPixels(mask.levels), mask);
      this.#version = mask.version;
    }
    return this.#canvas;
  }
}

/**
 * @param {Uint8ClampedArray} pixels
 * @param {Size} size
 */
function canvasOf(pixels, { width, height }) {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  image.data.set(pixels);
  contextOf(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * @param {Uint8ClampedArray} pixels four bytes each
 * @param {number} index of the channel
 * @returns {Uint8ClampedArray} one byte for each pixel
 */
function channel(pixels, index) {
  return Uint8ClampedArray.from({ length: pixels.length / 4 }, (_, pixel) => pixels[4 * pixel + index]);
}

/**
 * @param {Uint8ClampedArray} pixels four bytes each
 * @returns {Uint8ClampedArray} one byte for each pixel
 */
export function brightness(pixels) {
  const levels = new Uint8ClampedArray(pixels.length / 4);
  const [red, green, blue] = BRIGHTNESS;
  for (let pixel = 0; pixel < levels.length; pixel++) {
    const index = 4 * pixel;
    levels[pixel] = red * pixels[index] + green * pixels[index + 1] + blue * pixels[index + 2];
  }
  return levels;
}

/**
 * @param {Uint8ClampedArray} levels
 * @returns {Uint8ClampedArray} opaque grey pixels of four bytes
 */
export function greyPixels(levels) {
  const pixels = new Uint8ClampedArray(4 * levels.length).fill(255);
  for (let pixel = 0; pixel < levels.length; pixel++) pixels.fill(levels[pixel], 4 * pixel, 4 * pixel + 3);
  return pixels;
}

/**
 * @param {Uint8ClampedArray} levels
 * @returns {Uint8ClampedArray} pixels of four bytes, as opaque as the levels
 */
export function veilPixels(levels) {
  const pixels = new Uint8ClampedArray(4 * levels.length);
  for (let pixel = 0; pixel < levels.length; pixel++) {
    const index = 4 * pixel;
    pixels[index] = VEIL.red;
    pixels[index + 1] = VEIL.green;
    pixels[index + 2] = VEIL.blue;
    pixels[index + 3] = levels[pixel];
  }
  return pixels;
}
