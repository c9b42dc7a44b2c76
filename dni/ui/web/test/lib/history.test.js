// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { History, historyKey } from '../../lib/history.js';

describe('a history', () => {
  test('goes back and forth, and a new change ends what was undone', () => {
    const history = new History();
    history.open({ alpha: 0.5 });
    for (const alpha of [0.6, 0.6, 0.7]) history.record({ alpha });
    assert.deepEqual(history.undo(), { alpha: 0.6 });
    history.record({ alpha: 0.6 });
    assert.deepEqual(history.redo(), { alpha: 0.7 }, 'the same state again changes nothing');
    history.undo();
    assert.deepEqual(history.undo(), { alpha: 0.5 });
    assert.equal(history.undo(), null);
    history.record({ alpha: 0.1 });
    assert.deepEqual([history.canUndo, history.canRedo], [true, false]);
    assert.deepEqual(history.undo(), { alpha: 0.5 });
  });

  test('what was kept is changed, and what is then the same is one', () => {
    const history = new History();
    history.open({ mix: 1, mask: 0 });
    for (const state of [{ mix: 1, mask: 1 }, { mix: 2, mask: 1 }, { mix: 2, mask: 2 }, { mix: 3, mask: 2 }]) {
      history.record(state);
    }
    history.undo();
    history.undo();
    history.revise((state) => ({ ...state, mask: 7 }));
    assert.deepEqual(history.redo(), { mix: 3, mask: 7 });
    assert.deepEqual([history.canRedo, history.undo(), history.undo()], [false, { mix: 2, mask: 7 }, { mix: 1, mask: 7 }]);
    assert.equal(history.canUndo, false);
  });

  test('starts anew, and forgets what is too long ago', () => {
    const history = new History();
    history.open(0);
    for (let step = 1; step < 1000; step++) history.record(step);
    let steps = 0;
    while (history.undo() !== null) steps += 1;
    assert.equal(steps, 199);
    history.open(7);
    assert.deepEqual([history.canUndo, history.canRedo], [false, false]);
  });
});

test('Ctrl+Z undoes, Ctrl+Shift+Z and Ctrl+Y do it again, with Cmd as well', () => {
  const plain = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
  assert.equal(historyKey({ ...plain, key: 'z', ctrlKey: true }), 'undo');
  assert.equal(historyKey({ ...plain, key: 'Z', metaKey: true, shiftKey: true }), 'redo');
  assert.equal(historyKey({ ...plain, key: 'y', ctrlKey: true }), 'redo');
  for (const other of [{ key: 'z' }, { key: 'z', ctrlKey: true, altKey: true }, { key: 'x', ctrlKey: true }]) {
    assert.equal(historyKey({ ...plain, ...other }), null);
  }
});
