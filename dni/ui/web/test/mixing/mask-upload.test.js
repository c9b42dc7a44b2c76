// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { MaskUpload } from '../../mixing/mask/mask-upload.js';
import { Mask } from '../../mixing/mask/mask.js';

/** @typedef {import('../../lib/protocol.js').MaskReply} MaskReply */
/** @typedef {(reply: MaskReply & { png: string }) => void} Answer */

/** A server whose answers wait until they are let go. */
function setUp() {
  const mask = new Mask();
  mask.open({ width: 4, height: 4 });
  /** @type {Answer[]} */
  const waiting = [];
  /** @type {(string | null)[]} */
  const replies = [];
  const upload = new MaskUpload({
    mask,
    send: () => new Promise((resolve) => { waiting.push(resolve); }),
    onReply: (error) => { replies.push(error); },
  });
  /** @param {MaskReply} reply */
  const answer = async (reply) => {
    waiting.shift()?.({ ...reply, png: `${waiting.length}` });
    await new Promise((resolve) => { setImmediate(resolve); });
  };
  return { mask, upload, waiting, replies, answer };
}

describe('a mask on its way to the server', () => {
  test('has a name there once it has arrived', async () => {
    const { upload, answer, replies } = setUp();
    const bringing = upload.bring();
    assert.equal(upload.id, null);
    await answer({ mask: 'first' });
    assert.equal(await bringing, true);
    assert.equal(upload.id, 'first');
    assert.deepEqual(replies, [null]);
  });

  test('is sent once while nothing changes', async () => {
    const { upload, waiting, answer } = setUp();
    const all = [upload.bring(), upload.bring()];
    assert.equal(waiting.length, 1);
    await answer({ mask: 'first' });
    assert.deepEqual(await Promise.all(all), [true, true]);
    assert.equal(await upload.bring(), true);
    assert.equal(waiting.length, 0);
  });

  test('has no name there after another stroke', async () => {
    const { mask, upload, answer } = setUp();
    const bringing = upload.bring();
    await answer({ mask: 'first' });
    await bringing;
    mask.fill(255);
    assert.equal(upload.id, null);
  });

  test('that was painted on while it was sent is sent again, one at a time', async () => {
    const { mask, upload, waiting, answer } = setUp();
    const bringing = upload.bring();
    mask.fill(255);
    assert.equal(waiting.length, 1);
    await answer({ mask: 'older' });
    assert.equal(upload.id, null, 'the older version does not stand for the newer');
    assert.equal(waiting.length, 1);
    await answer({ mask: 'newer' });
    assert.equal(await bringing, true);
    assert.equal(upload.id, 'newer');
  });

  test('is not sent again while nobody wants it', async () => {
    const { mask, upload, waiting, answer } = setUp();
    let isWanted = true;
    const bringing = upload.bring(() => isWanted);
    mask.fill(255);
    isWanted = false;
    await answer({ mask: 'older' });
    assert.equal(await bringing, false);
    assert.equal(waiting.length, 0);
  });

  test('that the server refuses is not sent again by itself, but when it is wanted again', async () => {
    const { upload, waiting, answer, replies } = setUp();
    const bringing = upload.bring();
    await answer({ error: 'Too large.' });
    assert.equal(await bringing, false);
    assert.deepEqual([waiting.length, replies], [0, ['Too large.']]);
    const again = upload.bring();
    await answer({ mask: 'first' });
    assert.equal(await again, true);
  });
});
