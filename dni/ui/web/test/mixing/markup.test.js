// @ts-check
// What the desk's markup tells a screen reader.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const MARKUP = readFileSync(new URL('../../mixing/mixing.html', import.meta.url), 'utf8');

/** All elements, in order: their attributes by name, with the tag's name as `tag`. @type {Record<string, string>[]} */
const ELEMENTS = [...MARKUP.matchAll(/<(\w+)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*>/g)].map(([, tag, attributes]) => ({
  tag,
  ...Object.fromEntries([...attributes.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name, value = '']) => [name, value])),
}));

/** @param {Record<string, string>} attributes */
function elementsWith(attributes) {
  return ELEMENTS.filter((element) => Object.entries(attributes).every(([name, value]) => element[name] === value));
}

test('each tab names its panel and is named by it, and none is selected at first', () => {
  const tabs = elementsWith({ role: 'tab' });
  const panels = elementsWith({ role: 'tabpanel' });
  assert.deepEqual(tabs.map((tab) => tab['aria-controls']), panels.map(({ id }) => id));
  assert.deepEqual(panels.map((panel) => panel['aria-labelledby']), tabs.map(({ id }) => id));
  assert.equal(new Set([...tabs, ...panels].map(({ id }) => id)).size, 8);
  assert.ok(tabs.every((tab) => tab['aria-selected'] === 'false'));
});

test('the chart, whose points can be focused, is no image: it would hide them', () => {
  const [chart, ...others] = elementsWith({ tag: 'svg' });
  assert.deepEqual(others, []);
  assert.equal(chart.role, 'group');
  assert.ok(chart['aria-label']);
});

test('what the panels say of their measurements is announced', () => {
  for (const name of ['best-note', 'note', 'advice']) {
    const notes = elementsWith({ class: name });
    assert.ok(notes.length > 0 && notes.every(({ role }) => role === 'status'), name);
  }
});

test('the panel Against pixels does not say where its pictures are: on a phone they are one below another', () => {
  assert.doesNotMatch(MARKUP.split('data-panel="compare" role="tabpanel"')[1].split('</p>')[0], /left|middle|right/i);
});
