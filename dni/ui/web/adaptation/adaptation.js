// @ts-check
// The Adaptation tab's component: puts its parts together and draws them.

import { browserClock } from '../lib/clock.js';
import { bytesOf, fill, find, findAll, findAs } from '../lib/dom.js';
import { onThemeChange } from '../lib/gradio.js';
import { ask as askServer } from '../lib/protocol.js';
import { AlphaSlider } from './alpha-slider.js';
import { DASHES, DOMAIN_COLOURS, Palette } from './charts/canvas.js';
import { Chart } from './charts/chart.js';
import { DigitController } from './digit-controller.js';
import { DrawingPanel } from './drawing/drawing-panel.js';
import { FeatureMap, mapLegend } from './charts/feature-map.js';
import { fillLegend } from './charts/legend.js';
import { basisText, domainsText } from './charts/measured.js';
import { MeasuredPanels } from './charts/measured-panels.js';
import { MethodChooser } from './method-chooser.js';
import { NUM_CLASSES, NUM_SAMPLES } from './samples/numbers.js';
import { accuracyTexts, chartText } from './samples/predictions.js';
import { SampleGrid } from './samples/sample-grid.js';
import { ShiftPanel } from './shift-panel.js';
import { TrainingRun } from './charts/training-run.js';

/** @typedef {(name: string, request: object) => Promise<any>} Ask */
/** @typedef {import('./samples/predictions.js').Predictions} Predictions */
/** @typedef {import('./protocol.js').Change} Change */

const ACCURACY_TICKS = [
  { at: 0, text: 'alpha 0' },
  { at: 0.5, text: '0.5' },
  { at: 1, text: '1' },
];

/**
 * Show the component. Nothing is asked for before it can be seen.
 *
 * @param {import('../lib/gradio.js').Component<Change>} component Its property `start` is a
 *   {@link import('./protocol.js').Start}.
 * @returns {Adaptation}
 */
export function mount(component) {
  fill(component.element, component.props.markup);
  const adaptation = new Adaptation(component);
  component.watch('value', () => adaptation.take(component.props.value));
  return adaptation;
}

class Adaptation {
  /** @type {{ title: HTMLElement, value: HTMLElement }[]} */
  #scores = [];
  #isDrawQueued = false;
  /** @type {string | null} */
  #session = null;

  /** @param {import('../lib/gradio.js').Component<Change>} component */
  constructor({ element, props, server }) {
    const ask = (/** @type {string} */ name, /** @type {unknown} */ request) =>
      askServer(server, name, { .../** @type {object} */ (request), session: this.#session });
    const section = find(element, '.dni-digits');
    this.section = section;
    this.palette = new Palette(section);
    this.controller = this.#makeController(props.start, ask);
    this.slider = new AlphaSlider(section, this.controller);
    this.grids = DOMAIN_COLOURS.map(() => new SampleGrid(this.#addCard(), this.palette, this.#queueDraw));
    this.chart = this.#makeChart();
    const mapCanvas = findAs(section, '.features canvas', HTMLCanvasElement);
    this.map = new FeatureMap(mapCanvas, this.palette, this.#queueDraw);
    this.shift = this.#makeShiftPanel(props.start.pictures);
    this.drawing = this.#makeDrawingPanel(ask);
    const { palette } = this;
    const runBox = findAs(section, '.run', HTMLDetailsElement);
    this.run = new TrainingRun(runBox, { palette, ask, showMessage: this.#showMessage });
    this.measured = new MeasuredPanels(section, {
      palette, onPick: (share) => this.slider.set(Math.round(100 * share) / 100), onShow: this.#queueDraw,
    });
    this.chooser = new MethodChooser(section, {
      methods: props.start.methods,
      first: props.start.method,
      onChoose: ({ id, title }) => this.controller.choose({ method: id, title }),
    });
    this.#attach();
  }

  /** @param {Change | null} change From the server. */
  take(change) {
    if (change?.session) this.#session = change.session;
    if (change) this.shift.addPicture(change.token, change.picture);
  }

  // ---- parts

  /**
   * @param {import('./protocol.js').Start} start
   * @param {Ask} ask
   * @returns {DigitController}
   */
  #makeController(start, ask) {
    return new DigitController({
      start,
      ask,
      clock: browserClock,
      page: {
        onChange: this.#queueDraw,
        onOpen: (predictions) => this.#open(predictions),
        showMessage: this.#showMessage,
        wantsStrengths: () => this.shift.isSeen,
      },
    });
  }

  #addCard() {
    const template = findAs(this.section, 'template.sample-card', HTMLTemplateElement);
    const copy = document.importNode(template.content, true);
    const card = find(copy, '.wall');
    find(this.section, '.walls').append(card);
    return card;
  }

  #makeChart() {
    return new Chart(findAs(this.section, 'canvas.accuracy', HTMLCanvasElement), {
      palette: this.palette,
      lines: DOMAIN_COLOURS.map((colour, domain) => ({ colour, dash: DASHES[domain] })),
      ticks: ACCURACY_TICKS,
      onPick: (share) => this.slider.set(Math.round(100 * share) / 100),
      onShow: this.#queueDraw,
    });
  }

  /**
   * @param {[token: string, title: string][]} examples
   * @returns {ShiftPanel}
   */
  #makeShiftPanel(examples) {
    const { controller, palette } = this;
    return new ShiftPanel(find(this.section, '.shift'), {
      controller, palette, examples, onChange: this.#queueDraw,
    });
  }

  /** @param {Ask} ask */
  #makeDrawingPanel(ask) {
    return new DrawingPanel(find(this.section, '.panel.draw'), {
      controller: this.controller,
      ask,
      onChange: this.#queueDraw,
      onRead: () => this.#count('readings'),
      showMessage: this.#showMessage,
    });
  }

  #attach() {
    // Radio buttons of one name exclude each other on the whole page, also those of another component.
    const group = `digits-colouring-${Math.random()}`;
    for (const choice of findAll(this.section, '.colouring input')) {
      choice.setAttribute('name', group);
      choice.addEventListener('change', () => this.#colourMap(choice.getAttribute('value') === 'class'));
    }
    onThemeChange(() => {
      this.palette.read();
      this.#queueDraw();
      this.run.draw();
    });
    onceVisible(this.section, () => this.controller.open());
  }

  // ---- changes

  /** @param {Predictions} shown */
  #open(shown) {
    const { counts, measured, title, titles } = shown;
    this.#openGrids(shown);
    if (this.#scores.length === 0) {
      const lines = titles.map((name, domain) => ({ name, colour: DOMAIN_COLOURS[domain], dash: DASHES[domain] }));
      this.#scores = fillLegend(find(this.section, '.scores'), lines);
    }
    this.map.labels = shown.mapLabels;
    this.#colourMap(this.map.isByClass);
    this.measured.open(shown);
    find(this.section, '.basis').textContent = basisText(counts, measured, title);
    find(this.section, '.features .note').textContent = domainsText(measured, title);
    this.#count('opened');
    this.drawing.digit.read();
  }

  /** @param {Predictions} shown */
  #openGrids({ titles, notes, labels, pixels }) {
    const bytes = bytesOf(pixels);
    const each = bytes.length / this.grids.length;
    this.grids.forEach((grid, domain) => {
      const own = bytes.subarray(domain * each, (domain + 1) * each);
      grid.open({ title: titles[domain], note: notes[domain], labels, pixels: own });
    });
  }

  /** @param {boolean} isByClass */
  #colourMap(isByClass) {
    const { predictions } = this.controller;
    this.map.isByClass = isByClass;
    if (predictions) {
      fillLegend(find(this.section, '.colouring .legend'), mapLegend(isByClass, predictions.titles.slice(0, 2)));
    }
    this.#queueDraw();
  }

  #showMessage = (/** @type {string | null} */ text) => {
    const message = find(this.section, '.message');
    message.textContent = text ?? '';
    message.hidden = !text;
  };

  /** @param {'opened' | 'readings'} name Of a number in the section's data attributes. */
  #count(name) {
    this.section.dataset[name] = String(Number(this.section.dataset[name] ?? 0) + 1);
  }

  // ---- drawing

  #queueDraw = () => {
    if (this.#isDrawQueued) return;
    this.#isDrawQueued = true;
    requestAnimationFrame(() => {
      this.#isDrawQueued = false;
      this.#draw();
    });
  };

  #draw() {
    const { predictions, choice } = this.controller;
    if (predictions) this.#drawPredictions(predictions);
    this.chart.series = this.controller.curve;
    this.chart.draw(choice.alpha);
    this.measured.draw(choice.alpha);
    this.shift.draw();
    this.drawing.draw();
    this.slider.update(browserClock.now());
  }

  /** @param {Predictions} shown */
  #drawPredictions(shown) {
    const { exact, choice } = this.controller;
    const probabilities = exact?.probabilities ?? shown.probabilities.at(choice.alpha);
    const accuracies = accuracyTexts(shown, exact, choice.alpha);
    const each = NUM_SAMPLES * NUM_CLASSES;
    this.grids.forEach((grid, domain) => {
      grid.draw(probabilities.subarray(domain * each, (domain + 1) * each));
    });
    this.#scores.forEach(({ value }, domain) => { value.textContent = accuracies[domain]; });
    this.map.draw(exact?.positions ?? shown.map.at(choice.alpha));
    if (!shown.isCurveStale) this.section.dataset.curve = shown.method;
    if (exact) this.chart.canvas.setAttribute('aria-label', chartText(choice.alpha, shown, exact));
  }
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
