// @ts-check
// The Curve panel: measures where the blends lie between being true to the picture and looking real, and draws it.

import { findAs } from '../../lib/dom.js';
import { LatestRequest } from './latest-request.js';
import { chartWidth, layoutChart, pointName, pointText, positionOf } from './tradeoff-chart.js';

/** @typedef {import('../../lib/protocol.js').CurveRequest} CurveRequest */
/** @typedef {import('../../lib/protocol.js').CurveReply} CurveReply */
/** @typedef {import('../../lib/protocol.js').CurvePoint} CurvePoint */
/** @typedef {import('./tradeoff-chart.js').Position} Position */
/** @typedef {Exclude<CurveReply, { error: string } | { dropped: true }>} MeasuredCurve */
/** @typedef {ReturnType<typeof layoutChart>} ChartLayout */

const SVG = 'http://www.w3.org/2000/svg';
const POINT_RADIUS = 6;
const CURRENT_RADIUS = 10;

export class TradeoffPanel {
  #latest = new LatestRequest();
  /** @type {MeasuredCurve | null} */
  #curve = null;
  /** What the curve was measured with; once something else is painted, the curve goes. */
  #painting = '';

  /**
   * @param {object} options
   * @param {HTMLElement} options.element the panel
   * @param {(request: CurveRequest) => Promise<CurveReply>} options.measure asks the server
   * @param {(alpha: number) => void} options.onChoose a point or the suggestion was chosen
   * @param {(against: string) => void} options.onMeasure the person wants a curve, against this kind of reference
   */
  constructor({ element, measure, onChoose, onMeasure }) {
    this.element = element;
    this.askServer = measure;
    this.onChoose = onChoose;
    this.chart = findAs(element, 'svg', SVGSVGElement);
    this.note = findAs(element, '.note', HTMLElement);
    this.advice = findAs(element, '.advice', HTMLElement);
    this.button = findAs(element, 'button.measure', HTMLButtonElement);
    this.accept = findAs(element, 'button.accept', HTMLButtonElement);
    this.against = findAs(element, '.against', HTMLSelectElement);
    this.button.addEventListener('click', () => onMeasure(this.against.value));
    this.accept.addEventListener('click', () => {
      if (this.#curve) onChoose(this.#curve.suggestion.alpha);
    });
    this.clear();
  }

  /**
   * Other networks: those that keep the size cannot be given the picture itself, reduced.
   * @param {number} scale of the enlargement
   */
  open(scale) {
    const [reduced] = this.against.options;
    reduced.disabled = scale === 1;
    if (reduced.disabled && this.against.value === reduced.value) this.against.value = 'none';
    if (!reduced.disabled && this.against.value === 'none') this.against.value = reduced.value;
  }

  /** Take the curve away; one that is being measured will not come. */
  clear() {
    this.#latest.begin();
    this.#curve = null;
    this.chart.replaceChildren();
    this.chart.style.display = 'none';
    this.note.textContent = '';
    this.advice.textContent = '';
    this.accept.hidden = true;
    this.button.disabled = false;
    this.element.dataset.state = '';
  }

  /**
   * Measure a curve and show it.
   * @param {CurveRequest} request
   * @param {number} alpha of the mix on screen
   * @param {string} painting key of what is painted
   */
  async measure(request, alpha, painting) {
    this.clear();
    this.#painting = painting;
    const isLatest = this.#latest.begin();
    this.button.disabled = true;
    this.note.textContent = 'Measuring eleven blends…';
    const reply = await this.askServer(request);
    if (!isLatest()) return;
    this.button.disabled = false;
    if (reply.dropped) { this.note.textContent = ''; return; }
    this.element.dataset.state = reply.error === undefined ? 'there' : 'failed';
    this.note.textContent = reply.error ?? reply.note;
    if (reply.error === undefined) this.#open(reply, alpha);
  }

  /**
   * Draw the curve for what is on screen now.
   * @param {number} alpha
   * @param {string} painting key of what is painted
   */
  draw(alpha, painting) {
    if (painting !== this.#painting) {
      this.clear();
      this.#painting = painting;
    }
    if (this.#curve) this.#draw(this.#curve, alpha);
  }

  /**
   * @param {MeasuredCurve} curve
   * @param {number} alpha
   */
  #open(curve, alpha) {
    this.#curve = curve;
    this.advice.textContent = `Suggested alpha: ${curve.suggestion.alpha.toFixed(2)}. ${curve.suggestion.reason}`;
    this.accept.hidden = false;
    this.chart.style.display = '';
    this.#draw(curve, alpha);
  }

  /**
   * @param {MeasuredCurve} curve
   * @param {number} alpha
   */
  #draw({ points, axes }, alpha) {
    const layout = layoutChart(points, chartWidth(this.chart.clientWidth));
    const path = layout.positions.map((position) => position.join(',')).join(' ');
    const [cx, cy] = positionOf(points, layout.positions, alpha);
    const focused = [...this.chart.querySelectorAll('.point')].findIndex((point) => point === document.activeElement);
    const dots = points.map((point, index) => this.#pointElement(point, layout.positions[index]));
    this.chart.setAttribute('viewBox', `0 0 ${layout.width} ${layout.height}`);
    this.chart.replaceChildren(
      ...axisElements(layout, axes),
      svg('polyline', { class: 'path', points: path }),
      ...dots,
      ...labelsOf(points, layout.positions),
      svg('circle', { class: 'now', cx, cy, r: CURRENT_RADIUS }),
    );
    dots[focused]?.focus();
  }

  /**
   * @param {CurvePoint} point
   * @param {Position} position
   */
  #pointElement(point, [cx, cy]) {
    const dot = svg('circle', { class: 'point', cx, cy, r: POINT_RADIUS, tabindex: 0, role: 'button', 'aria-label': pointName(point) });
    dot.append(svg('title', {}, pointText(point)));
    dot.addEventListener('click', () => this.onChoose(point.alpha));
    dot.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      this.onChoose(point.alpha);
    });
    return dot;
  }
}

/**
 * The alphas of the ends and the middle, beside their points.
 * @param {readonly CurvePoint[]} points
 * @param {readonly Position[]} positions
 */
function labelsOf(points, positions) {
  return [0, Math.floor(points.length / 2), points.length - 1].map((index) => {
    const [x, y] = positions[index];
    return svg('text', { class: 'alpha-label', x: x + 9, y: y - 9 }, `${points[index].alpha}`);
  });
}

/**
 * @param {ChartLayout} layout
 * @param {{ distortion: string, perception: string }} titles
 */
function axisElements({ horizontal, vertical, ticksAcross, ticksUp, titleAcross, titleUp }, titles) {
  return [
    svg('line', { class: 'axis', ...horizontal }),
    svg('line', { class: 'axis', ...vertical }),
    ...ticksAcross.map(({ text, ...place }) => svg('text', { ...place, 'text-anchor': 'middle' }, text)),
    ...ticksUp.map(({ text, ...place }) => svg('text', { ...place, 'text-anchor': 'end' }, text)),
    svg('text', { ...titleAcross, class: 'title', 'text-anchor': 'middle' }, titles.distortion),
    svg('text', { ...titleUp, class: 'title', 'text-anchor': 'middle' }, titles.perception),
  ];
}

/**
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | number>} attributes
 * @param {string} text
 * @returns {SVGElementTagNameMap[Name]}
 */
function svg(name, attributes, text = '') {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}
