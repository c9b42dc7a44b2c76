// @ts-check
// The Transfer tab's component: a switcher of views, each of which is mounted when it is first shown.

import { fill, find } from '../lib/dom.js';
import { onThemeChange } from '../lib/gradio.js';
import { ask as askServer } from '../lib/protocol.js';
import { Palette } from '../adaptation/charts/canvas.js';
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
 * @property {(text: string | null) => void} showMessage An error's text above the views; null hides it.
 */

/** @typedef {(panel: HTMLElement, context: ViewContext) => { draw: () => void }} MountView */
/** @typedef {{ name: string, title: string, markup: string, start: object }} ViewStart */

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
 * @param {import('../lib/gradio.js').Component<null>} component Its property `views` is a list of {@link ViewStart}.
 */
export function mount({ element, props, server }) {
  fill(element, props.markup);
  const section = find(element, '.dni-transfer');
  const palette = new Palette(section);
  const message = find(section, '.message');
  /** @type {Map<string, { draw: () => void }>} */
  const mounted = new Map();
  const context = {
    palette,
    ask: (/** @type {string} */ name, /** @type {object} */ request) => askServer(server, name, request),
    showMessage: (/** @type {string | null} */ text) => {
      message.textContent = text ?? '';
      message.hidden = !text;
    },
  };
  const open = (/** @type {ViewStart} */ view, /** @type {HTMLElement} */ panel) => {
    context.showMessage(null);
    if (mounted.has(view.name)) return;
    fill(panel, view.markup);
    mounted.set(view.name, MOUNTS[view.name](panel, { ...context, start: view.start }));
  };
  const switcher = new Switcher(find(section, '.switcher'), find(section, '.views'), props.views, open);
  onThemeChange(() => {
    palette.read();
    for (const view of mounted.values()) view.draw();
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
