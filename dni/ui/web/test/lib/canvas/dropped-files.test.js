// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { networksAmong, picturesAmong, refusal } from '../../../lib/canvas/dropped-files.js';

const [photo, phone, text, weights] = [
  { name: 'a.png', type: 'image/png' },
  { name: 'IMG_1.HEIC', type: '' },
  { name: 'notes.txt', type: 'text/plain' },
  { name: 'net.safetensors', type: '' },
];

test('pictures are known by their type or their name, networks by their name', () => {
  assert.deepEqual(picturesAmong([photo, text, phone, weights]), [photo, phone]);
  assert.deepEqual(networksAmong([photo, text, weights]), [weights]);
  assert.deepEqual(picturesAmong(null), []);
});

test('what is no picture is refused in a sentence, which says what is wanted', () => {
  assert.equal(refusal([text]), 'notes.txt is not a picture. Drop a picture, such as a PNG, JPEG or WebP.');
  assert.match(refusal([text], { takesNetworks: true }) ?? '', /not a network. Drop a picture or files of networks/);
  assert.ok((refusal([{ name: 'x'.repeat(500), type: '' }]) ?? '').length < 140);
  assert.equal(refusal([]), null, 'no file at all');
});
