// @ts-check
// Sliders with their values beside them, rows of radio buttons, and tables of text.

import { find, findAs, showText } from '../../lib/dom.js';
import { measuredAt } from '../answers.js';

/**
 * @param {HTMLElement} root
 * @param {string} selector Of a range input; an `output` is beside it.
 * @param {(value: number) => void} onSlide
 */
export function slider(root, selector, onSlide) {
  const input = findAs(root, selector, HTMLInputElement);
  const output = find(/** @type {HTMLElement} */ (input.parentElement), 'output');
  input.addEventListener('input', () => onSlide(Number(input.value)));
  return {
    show: (/** @type {number} */ value, /** @type {string} */ text) => {
      if (Number(input.value) !== value) input.value = String(value);
      showText(output, text);
      input.setAttribute('aria-valuetext', text);
    },
  };
}

/**
 * @param {string} name Of the group.
 * @param {string} text
 * @param {boolean} isChecked
 * @param {() => void} onChoose
 */
export function radio(name, text, isChecked, onChoose) {
  const label = document.createElement('label');
  const input = document.createElement('input');
  input.type = 'radio';
  input.name = name;
  input.value = text;
  input.checked = isChecked;
  input.addEventListener('change', onChoose);
  label.append(input, ` ${text}`);
  return label;
}

/**
 * @param {HTMLElement} table Loses what is in it.
 * @param {readonly string[][]} rows The first one is the head; the first cell of each other one names it.
 */
export function fillTable(table, rows) {
  table.replaceChildren(...rows.map((cells, index) => {
    const row = document.createElement('tr');
    row.append(...cells.map((text, column) => {
      const cell = document.createElement(index === 0 || column === 0 ? 'th' : 'td');
      if (cell.tagName === 'TH') cell.setAttribute('scope', index === 0 ? 'col' : 'row');
      cell.textContent = text;
      return cell;
    }));
    return row;
  }));
}

/**
 * Say in the sentences of a view what its report has: in every `[data-measured]`, with ± where it is `[data-spread]`.
 * @param {HTMLElement} root
 * @param {unknown} report
 */
export function fillMeasured(root, report) {
  for (const place of root.querySelectorAll('[data-measured]')) {
    if (!(place instanceof HTMLElement)) continue;
    showText(place, measuredAt(report, place.dataset.measured ?? '', place.dataset.spread !== undefined));
  }
}
