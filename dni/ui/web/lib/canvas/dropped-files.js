// @ts-check
// What to do with files that are dropped or pasted: pictures go to a picture's box, networks to the networks', and for
// all others there is a sentence.

/** Names of pictures whose type a browser may not know. */
const PICTURE_NAME = /\.(png|apng|jpe?g|jfif|webp|gif|bmp|tiff?|avif|heic|heif|jp2|ico|ppm|pgm|tga)$/i;
const NETWORK_NAME = /\.(safetensors|pth|pt|ckpt|bin)$/i;
const LONGEST_NAME = 60;

/** @typedef {Pick<File, 'name' | 'type'>} NamedFile */

/**
 * @template {NamedFile} T
 * @param {ArrayLike<T> | null | undefined} files
 * @returns {T[]} those that are pictures
 */
export function picturesAmong(files) {
  return Array.from(files ?? []).filter(({ name, type }) => type.startsWith('image/') || PICTURE_NAME.test(name));
}

/**
 * @template {NamedFile} T
 * @param {ArrayLike<T> | null | undefined} files
 * @returns {T[]} those that may be networks
 */
export function networksAmong(files) {
  return Array.from(files ?? []).filter(({ name }) => NETWORK_NAME.test(name));
}

/**
 * Why none of the files can be used; null without files, as when a text is dropped.
 * @param {ArrayLike<NamedFile>} files
 * @param {{ takesNetworks?: boolean }} [where] whether networks are taken there too
 */
export function refusal(files, { takesNetworks = false } = {}) {
  if (!files.length) return null;
  const { name } = files[0];
  const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  const wanted = takesNetworks ? 'a picture or files of networks' : 'a picture, such as a PNG, JPEG or WebP';
  return `${short} is not a picture${takesNetworks ? ' and not a network' : ''}. Drop ${wanted}.`;
}
