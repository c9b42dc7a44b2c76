// @ts-check
// A person draws a digit, and three networks read it: source only, the blend and the adapted one.

import { bytesOf, find, findAs } from '../../lib/dom.js';
import { BarList } from '../samples/bars.js';
import { contextOf, digitImage } from '../charts/canvas.js';
import { DrawingPad } from './drawing-pad.js';
import { DrawnDigit } from './drawn-digit.js';
import { DIGIT_SIDE } from '../samples/numbers.js';

export class DrawingPanel {
  /**
   * @param {HTMLElement} panel
   * @param {object} options
   * @param {import('../digit-controller.js').DigitController} options.controller
   * @param {(name: string, request: any) => Promise<any>} options.ask Asks the server; never rejects.
   * @param {() => void} options.onChange
   * @param {() => void} options.onRead Called with each answer.
   * @param {(text: string | null) => void} options.showMessage
   */
  constructor(panel, { controller, ask, onChange, onRead, showMessage }) {
    this.controller = controller;
    this.composed = contextOf(findAs(panel, 'canvas.composed', HTMLCanvasElement));
    this.readings = Array.from({ length: 3 }, () => addReading(find(panel, '.readings')));
    this.readings[0].head.textContent = 'source only';
    this.digit = new DrawnDigit({
      controller,
      ask,
      showMessage,
      onRead: (reading) => {
        this.#showComposed(reading?.pixels ?? null);
        if (reading) onRead();
        onChange();
      },
    });
    const hint = find(panel, '.hint');
    const pad = new DrawingPad(findAs(panel, 'canvas.pad', HTMLCanvasElement), () => {
      hint.hidden = !pad.isEmpty;
      this.digit.draw(pad.drawing);
    });
    find(panel, '.clear').addEventListener('click', () => pad.clear());
    const colour = findAs(panel, '.drawn input', HTMLInputElement);
    colour.addEventListener('input', () => pad.setColour(colour.value));
  }

  draw() {
    const { alpha } = this.controller.choice;
    const [, blend, adapted] = this.readings;
    blend.head.textContent = `blend at ${alpha.toFixed(2)}`;
    adapted.head.textContent = this.controller.predictions?.title ?? 'adapted';
    const probabilities = this.digit.reading?.probabilities;
    [0, alpha, 1].forEach((at, n) => this.readings[n].bars.show(probabilities?.at(at) ?? null));
  }

  /** @param {string | null} pixels (28, 28, 3) in base64, or null for none. */
  #showComposed(pixels) {
    if (pixels) this.composed.putImageData(digitImage(bytesOf(pixels)), 0, 0);
    else this.composed.clearRect(0, 0, DIGIT_SIDE, DIGIT_SIDE);
  }
}

/** @param {HTMLElement} parent */
function addReading(parent) {
  const column = document.createElement('div');
  const head = document.createElement('h4');
  const list = document.createElement('ul');
  column.className = 'reading';
  list.className = 'bars';
  column.append(head, list);
  parent.append(column);
  return { head, bars: new BarList(list) };
}
