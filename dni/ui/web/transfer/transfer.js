// @ts-check
// The Transfer tab's component: a switcher of views.

import { fill, find, showText } from '../lib/dom.js';
import { onThemeChange } from '../lib/gradio.js';
import { ask as askServer } from '../lib/protocol.js';
import { Palette } from '../adaptation/charts/canvas.js';
import { OpenedViews } from './opened-views.js';
import { Switcher } from './widgets/switcher.js';
import { mountDepth } from './views/depth.js';
import { mountLetters } from './views/letters.js';
import { mountTeacher } from './views/teacher.js';
import { mountUnlabelled } from './views/unlabelled.js';
import { mountWords } from './views/words.js';

/** @typedef {(name: string, request: object) => Promise<any>} Ask Asks the server; never rejects. */

/**
 * What a view is given.
 * @typedef {object} ViewContext
 * @property {any} start What Python's `start()` of the view gave.
 * @property {Ask} ask
 * @property {Palette} palette Of the tab's section.
 * @property {import('./opened-views.js').ShowMessage} showMessage Above the views, while this one is shown.
 */

/** @typedef {(panel: HTMLElement, context: ViewContext) => import('./opened-views.js').MountedView} MountView */

/** @type {Record<string, MountView>} */
const MOUNTS = {
  teacher: mountTeacher,
  depth: mountDepth,
  unlabelled: mountUnlabelled,
  letters: mountLetters,
  words: mountWords,
};

/**
 * Show the component. Nothing is asked for before a view can be seen.
 *
 * @param {import('../lib/gradio.js').Component<null>} component Its property `views` is a list of `ViewStart`.
 */
export function mount({ element, props, server }) {
  fill(element, props.markup);
  const section = find(element, '.dni-transfer');
  const palette = new Palette(section);
  const message = find(section, '.message');
  const ask = (/** @type {string} */ name, /** @type {object} */ request) => askServer(server, name, request);
  const views = new OpenedViews({
    mount: ({ name, markup, start }, panel, showMessage) => {
      fill(panel, markup);
      return MOUNTS[name](panel, { start, ask, palette, showMessage });
    },
    showMessage: (text) => {
      showText(message, text ?? '');
      message.hidden = !text;
    },
  });
  const switcher = new Switcher(find(section, '.switcher'), find(section, '.views'), props.views,
    (view, panel) => views.show(view, panel));
  onThemeChange(() => {
    palette.read();
    views.draw();
  });
  onceVisible(section, () => switcher.choose(0));
}

/**
 * @param {HTMLElement} element
 * @param {() => void} act Called once when the element has a size: its tab is shown.
 */
function onceVisible(element, act) {
  const observer = new ResizeObserver(() => {
    if (!element.clientWidth) return;
    observer.disconnect();
    act();
  });
  observer.observe(element);
}
