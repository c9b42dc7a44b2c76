// @ts-check
// The feature map: digits of MNIST (circles) and MNIST-M (crosses) at positions from -1 to 1 on fixed axes.

import { CLASS_COLOURS, DOMAIN_COLOURS, Surface } from './canvas.js';

const MARK = 3.6;
const MARGIN = 10;

/**
 * @typedef {object} Mark
 * @property {number} domain 0 or 1.
 * @property {number} digit Its number in the domain.
 * @property {number} x In CSS pixels.
 * @property {number} y
 */

/**
 * @param {Float32Array} positions (2, n, 2), each -1 to 1, upwards.
 * @param {{ width: number, height: number }} size Of the canvas.
 * @returns {Mark[]} The domains take turns, so that neither covers the other.
 */
export function marksOf(positions, { width, height }) {
  const [spreadX, spreadY] = [width / 2 - MARGIN, height / 2 - MARGIN];
  const each = positions.length / 4;
  return Array.from({ length: 2 * each }, (_, n) => {
    const [domain, digit] = [n % 2, n >> 1];
    const from = 2 * (domain * each + digit);
    const x = width / 2 + positions[from] * spreadX;
    const y = height / 2 - positions[from + 1] * spreadY;
    return { domain, digit, x, y };
  });
}

/**
 * @param {boolean} isByClass
 * @param {readonly string[]} titles Of the two domains.
 * @returns {import('./legend.js').LegendEntry[]}
 */
export function mapLegend(isByClass, titles) {
  /** @type {import('./legend.js').LegendEntry[]} */
  const domains = titles.map((name, domain) => ({
    name,
    colour: isByClass ? '--dni-ink' : DOMAIN_COLOURS[domain],
    mark: domain ? 'cross' : 'circle',
  }));
  const classes = CLASS_COLOURS.map((colour, digit) => ({ name: String(digit), colour }));
  return isByClass ? [...domains, ...classes] : domains;
}

export class FeatureMap {
  /** @type {number[][]} The classes of both domains' digits. */
  labels = [[], []];
  isByClass = false;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./canvas.js').Palette} palette
   * @param {() => void} onShow
   */
  constructor(canvas, palette, onShow) {
    this.palette = palette;
    this.surface = new Surface(canvas, onShow);
  }

  /** @param {Float32Array} positions (2, n, 2) */
  draw(positions) {
    const context = this.surface.clear();
    if (!context) return;
    context.lineWidth = 1.8;
    for (const mark of marksOf(positions, this.surface)) drawMark(context, mark, this.#colourOf(mark));
  }

  /** @param {Mark} mark */
  #colourOf({ domain, digit }) {
    return this.palette.get(this.isByClass ? CLASS_COLOURS[this.labels[domain][digit]] : DOMAIN_COLOURS[domain]);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Mark} mark
 * @param {string} colour
 */
function drawMark(context, { domain, x, y }, colour) {
  context.beginPath();
  if (domain === 0) {
    context.fillStyle = colour;
    context.arc(x, y, MARK, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.strokeStyle = colour;
  context.moveTo(x - MARK, y - MARK);
  context.lineTo(x + MARK, y + MARK);
  context.moveTo(x + MARK, y - MARK);
  context.lineTo(x - MARK, y + MARK);
  context.stroke();
}
