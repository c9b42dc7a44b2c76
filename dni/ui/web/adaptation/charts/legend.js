// @ts-check
// A legend as a list: a piece of each line or a mark, a name, and a value that is set later.

const SVG = 'http://www.w3.org/2000/svg';
const MARKS = {
  line: 'M0 5h24',
  circle: 'M12 1.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z',
  cross: 'M8.5 1.5l7 7m0-7l-7 7',
};

/**
 * @typedef {object} LegendEntry
 * @property {string} name
 * @property {string} colour Name of a custom property.
 * @property {number[]} [dash]
 * @property {keyof typeof MARKS} [mark]
 */

/**
 * @param {HTMLElement} list Loses what is in it.
 * @param {readonly LegendEntry[]} entries
 * @returns {{ title: HTMLElement, value: HTMLElement }[]}
 */
export function fillLegend(list, entries) {
  const parts = entries.map((entry) => {
    const item = document.createElement('li');
    const title = document.createElement('span');
    const value = document.createElement('b');
    title.textContent = entry.name;
    item.append(drawKey(entry), title, value);
    return { item, title, value };
  });
  list.replaceChildren(...parts.map(({ item }) => item));
  return parts;
}

/** @param {LegendEntry} entry */
function drawKey({ colour, dash, mark = 'line' }) {
  const key = document.createElementNS(SVG, 'svg');
  key.setAttribute('viewBox', '0 0 24 10');
  key.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', MARKS[mark]);
  path.style.stroke = `var(${colour})`;
  if (dash) path.setAttribute('stroke-dasharray', dash.join(' '));
  key.append(path);
  return key;
}
