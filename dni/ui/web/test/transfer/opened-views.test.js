// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_ANSWER } from '../../lib/protocol.js';
import { NOT_OPENED, OpenedViews } from '../../transfer/opened-views.js';
import { settled } from '../support/fake-server.js';

/** @typedef {import('../../transfer/opened-views.js').ShowMessage} ShowMessage */

const PANEL = /** @type {HTMLElement} */ ({});

/** A tab, whose views are asked to open; a test answers with an error's text or null. */
function makeTab() {
  /** @type {{ name: string, answer: (error: string | null) => Promise<void> }[]} */
  const opening = [];
  /** @type {string[]} */
  const mounted = [];
  /** @type {Record<string, ShowMessage>} */
  const say = {};
  const tab = { message: /** @type {string | null} */ (null) };
  const views = new OpenedViews({
    mount: ({ name }, _, showMessage) => {
      mounted.push(name);
      say[name] = showMessage;
      return {
        draw: () => {},
        open: () => new Promise((resolve) => {
          opening.push({ name, answer: (error) => { resolve(error); return settled(); } });
        }),
      };
    },
    showMessage: (text) => { tab.message = text; },
  });
  const show = (/** @type {string} */ name) => { views.show({ name, title: name, markup: '', start: {} }, PANEL); };
  return { mounted, opening, say, show, tab };
}

test('a view whose data did not come is opened again when it is shown again, and mounted once', async () => {
  const { mounted, opening, show, tab } = makeTab();
  show('depth');
  show('depth'); // while it is being opened
  assert.equal(opening.length, 1);
  await opening[0].answer(NO_ANSWER);
  assert.equal(tab.message, NOT_OPENED);
  show('depth');
  await opening[1].answer(null);
  assert.equal(tab.message, null);
  show('depth');
  assert.deepEqual([opening.length, mounted], [2, ['depth']]);
});

test('a view keeps its messages, which are on screen with it alone', async () => {
  const { opening, say, show, tab } = makeTab();
  show('depth');
  show('words');
  await opening[0].answer('Expected report.json.');
  assert.equal(tab.message, null);
  say.words('No such word.');
  assert.equal(tab.message, 'No such word.');
  show('depth');
  assert.equal(tab.message, 'Expected report.json.');
  say.words(null);
  assert.equal(tab.message, 'Expected report.json.');
});

test('an answer that came does not hide that the data did not', async () => {
  const { opening, say, show, tab } = makeTab();
  show('letters');
  await opening[0].answer('Expected the map.');
  say.letters(null);
  assert.equal(tab.message, 'Expected the map.');
  say.letters(null, 'data');
  assert.equal(tab.message, null);
});
