// @ts-check
// The view "Words as a map": drag t along a direction between two words, and alpha between two texts.

import { find, findAs, showText } from '../../lib/dom.js';
import { CoalescedRequest } from '../../adaptation/coalesced-request.js';
import { percent } from '../../adaptation/samples/numbers.js';
import { LineChart } from '../widgets/line-chart.js';

/** @typedef {import('../maps-protocol.js').WordsReport} WordsReport */
/** @typedef {import('../maps-protocol.js').WordsReply} WordsReply */
/** @typedef {import('../maps-protocol.js').WordsRequest} WordsRequest */
/** @typedef {import('../../lib/protocol.js').Failure} Failure */

/** What to begin with: a word, where the direction comes from, where it goes, and how far. */
export const PRESETS = /** @type {const} */ ([
  ['father', 'man', 'woman', 1],
  ['son', 'man', 'woman', 1],
  ['king', 'man', 'woman', 1],
  ['grace', 'man', 'woman', 0],
  ['nature', 'man', 'woman', 0],
  ['sword', 'man', 'woman', 0],
]);

/**
 * @param {readonly [string, string, string, number]} preset
 * @returns {string} As a button says it.
 */
export function presetText([start, minus, plus, t]) {
  return t ? `${start} + ${plus} − ${minus}` : start;
}

/**
 * @param {readonly string[]} words
 * @param {readonly boolean[]} given
 * @returns {string | null} The nearest word that the question does not name.
 */
export function answerOf(words, given) {
  return words.find((_, index) => !given[index]) ?? null;
}

/**
 * @param {Record<'start' | 'minus' | 'plus', string>} words
 * @returns {string | null} What is missing, by the names that the page gives them; null if nothing is.
 */
export function missingText({ start, minus, plus }) {
  const empty = Object.entries({ word: start, to: plus, from: minus }).filter(([, word]) => !word).map(([name]) => `"${name}"`);
  if (!empty.length) return null;
  return `Expected a word in each field, but ${empty.join(' and ')} ${empty.length > 1 ? 'are' : 'is'} empty. Type one, or choose an example.`;
}

/** @type {import('../transfer.js').MountView} */
export function mountWords(panel, { ask, palette, showMessage }) {
  const inputs = Object.fromEntries(
    ['start', 'minus', 'plus', 't', 'alpha'].map((name) => [name, findAs(panel, `input.${name}`, HTMLInputElement)]),
  );
  const list = find(panel, 'ol.neighbours');
  const readout = find(panel, '.readout');
  const chart = new LineChart(findAs(panel, 'canvas.chart', HTMLCanvasElement), {
    palette,
    onPick: (position) => {
      inputs.alpha.value = String(position / 10);
      change();
    },
    onShow: () => draw(),
  });

  /** @type {CoalescedRequest<WordsRequest, WordsReply | Failure>} */
  const request = new CoalescedRequest((asked) => ask('words_near', asked), (reply, asked) => {
    if (missingText(wordsIn(inputs))) return;
    if (reply.error !== undefined) {
      showError(reply.error);
      return;
    }
    showMessage(null);
    showNeighbours(list, reply);
    const answer = answerOf(reply.words, reply.given);
    showText(readout, `${questionText(asked)}: ${answer} · exact in ${Math.round(reply.milliseconds)} ms`);
    panel.dataset.answer = answer ?? '';
  });

  /** @param {string} text Nothing else stays on screen, as if it were the answer. */
  const showError = (text) => {
    showMessage(text);
    list.replaceChildren();
    showText(readout, '');
    panel.dataset.answer = '';
  };
  const draw = () => chart.draw(10 * Number(inputs.alpha.value));
  const change = () => {
    const [t, alpha] = [Number(inputs.t.value), Number(inputs.alpha.value)];
    showText(find(panel, '.t-value'), t.toFixed(2));
    inputs.t.setAttribute('aria-valuetext', `${t.toFixed(2)} of the way`);
    inputs.alpha.setAttribute('aria-valuetext', `${percent(1 - alpha)} Bible, ${percent(alpha)} Shakespeare`);
    draw();
    const words = wordsIn(inputs);
    const missing = missingText(words);
    if (missing) showError(missing);
    else request.ask({ ...words, t, alpha });
  };
  const set = (/** @type {readonly [string, string, string, number]} */ [start, minus, plus, t]) => {
    Object.assign(inputs.start, { value: start });
    Object.assign(inputs.minus, { value: minus });
    Object.assign(inputs.plus, { value: plus });
    inputs.t.value = String(t);
  };
  for (const name of ['t', 'alpha']) inputs[name].addEventListener('input', change);
  // A word is asked for when it is whole: half-typed ones would only bring errors.
  for (const name of ['start', 'minus', 'plus']) inputs[name].addEventListener('change', change);
  for (const preset of PRESETS) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = presetText(preset);
    button.addEventListener('click', () => {
      set(preset);
      change();
    });
    find(panel, '.presets').append(button);
  }
  set(PRESETS[0]);
  const open = async () => {
    change();
    const reply = await ask('words_open', {});
    if (reply.error === undefined) showReport(panel, chart, reply.report);
    draw();
    return reply.error ?? null;
  };
  return { draw, open };
}

/** @param {Record<string, HTMLInputElement>} inputs */
function wordsIn({ start, minus, plus }) {
  return { start: start.value.trim(), minus: minus.value.trim(), plus: plus.value.trim() };
}

/** @param {WordsRequest} asked */
function questionText({ start, minus, plus, t, alpha }) {
  return `${start} + ${t.toFixed(2)} (${plus} − ${minus}), alpha ${alpha.toFixed(2)}`;
}

/**
 * @param {HTMLElement} list
 * @param {WordsReply} reply
 */
function showNeighbours(list, { words, cosines, given }) {
  list.replaceChildren(...words.map((word, index) => {
    const item = document.createElement('li');
    const [name, bar, fill, value] = ['span', 'i', 'u', 'em'].map((tag) => document.createElement(tag));
    item.classList.toggle('given', given[index]);
    name.textContent = word;
    value.textContent = cosines[index].toFixed(2);
    fill.style.transform = `scaleX(${Math.max(0, cosines[index])})`;
    bar.append(fill);
    item.append(name, bar, value);
    return item;
  }));
}

/**
 * @param {HTMLElement} panel
 * @param {LineChart} chart
 * @param {WordsReport} report
 */
function showReport(panel, chart, { seeds, words, questions, counted, ancestor, curve }) {
  const family = curve.map((point) => point.family);
  chart.lines = [{ colour: '--d0', dash: [], points: family }];
  chart.ticks = curve.map(({ alpha }) => (alpha === 0 ? 'Bible' : alpha === 1 ? 'Shakespeare' : alpha === 0.5 ? '0.5' : ''));
  const highest = Math.max(...family.map(({ mean, deviation }) => mean + deviation));
  chart.range = [0, Math.min(1, Math.ceil(10 * highest + 0.5) / 10)];
  showText(find(panel, '.legend'), `Share of ${questions.family} family analogies answered; mean of ${seeds} seeds.`);
  const middle = curve[Math.floor(curve.length / 2)];
  const rows = /** @type {const} */ ([
    ['counted, not trained', counted],
    ['common ancestor', ancestor],
    ['Bible (alpha 0)', curve[0]],
    ['half and half (0.5)', middle],
    ['Shakespeare (alpha 1)', curve[curve.length - 1]],
  ]);
  addRow(find(panel, '.measures thead'), 'th', ['', 'family analogies', 'WordSim-353 rank correlation']);
  for (const [name, measured] of rows) {
    const { family: right, wordsim } = measured;
    addRow(find(panel, '.measures tbody'), 'td', [
      name,
      `${(100 * right.mean).toFixed(1)} ± ${(100 * right.deviation).toFixed(1)} %`,
      `${wordsim.mean.toFixed(2)} ± ${wordsim.deviation.toFixed(2)}`,
    ]);
  }
  showText(
    find(panel, '.finding'),
    `${words.toLocaleString('en')} words. Of ${questions.family_all} family questions the texts have the words of `
    + `${questions.family}, and of ${questions.wordsim_all} pairs of WordSim-353 those of ${questions.wordsim}.`,
  );
}

/**
 * @param {HTMLElement} parent
 * @param {'td' | 'th'} tag
 * @param {readonly string[]} texts
 */
function addRow(parent, tag, texts) {
  const row = document.createElement('tr');
  for (const text of texts) {
    const cell = document.createElement(tag);
    cell.textContent = text;
    row.append(cell);
  }
  parent.append(row);
}
