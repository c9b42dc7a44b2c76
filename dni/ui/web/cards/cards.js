// @ts-check
// The effects to choose from: a card each, with a picture before and after, and whether its networks are here.

import { fill, find, findAll } from '../lib/dom.js';
import { stepFrom } from '../lib/keys.js';
import { keepShownTab } from '../lib/shown-tab.js';
import { downloadText } from './card-text.js';

/** @typedef {import('../lib/protocol.js').EffectChoice} EffectChoice */
/** @typedef {import('../lib/protocol.js').EffectCard} EffectCard */
/** @typedef {import('../lib/gradio.js').Component<EffectChoice>} Component */

/**
 * @param {Component} component
 * @returns {Cards}
 */
export function mount(component) {
  fill(component.element, component.props.markup);
  const cards = new Cards(component);
  component.watch('value', () => cards.show(component.props.value));
  cards.show(component.props.value);
  keepShownTab();
  return cards;
}

class Cards {
  /** @param {Component} component */
  constructor({ element, props, trigger }) {
    this.trigger = trigger;
    this.isNew = true;
    this.list = find(element, '.dni-cards');
    /** @type {EffectCard[]} */
    this.cards = props.cards;
    this.list.replaceChildren(...this.cards.map((card) => this.make(card)));
    this.list.addEventListener('keydown', (event) => this.move(event));
  }

  /** @param {EffectCard} card */
  make(card) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.pair = card.pair;
    button.title = card.line;
    button.hidden = card.superseded;
    button.append(pictureOf(card), text('strong', card.name), text('span', card.line, 'line'), text('small', ''));
    button.addEventListener('click', () => {
      this.mark(card.pair);
      this.trigger('choose', { pair: card.pair });
    });
    return button;
  }

  /**
   * Left and right go from card to card, as in a toolbar.
   * @param {KeyboardEvent} event
   */
  move(event) {
    const buttons = findAll(this.list, 'button:not([hidden])');
    const at = buttons.findIndex((button) => button === document.activeElement);
    const to = stepFrom(at, event.key, buttons.length);
    if (at < 0 || to === at) return;
    event.preventDefault();
    buttons[to].focus();
    buttons[to].scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** @param {EffectChoice | null} choice */
  show(choice) {
    if (!choice) return;
    this.mark(choice.pair);
    for (const card of this.cards) {
      const isHere = choice.here.includes(card.pair);
      find(this.button(card.pair), 'small').textContent = isHere ? '' : downloadText(card.bytes);
      this.button(card.pair).classList.toggle('wanted', card.pair === choice.wanted);
      this.button(card.pair).hidden = card.superseded && ![choice.pair, choice.wanted].includes(card.pair);
    }
    // Later they stay where the person has them.
    if (this.isNew) this.scrollTo(this.button(choice.wanted || choice.pair));
    this.isNew = false;
  }

  /** @param {HTMLElement} button */
  scrollTo({ offsetLeft, offsetWidth }) {
    this.list.scrollTo({ left: offsetLeft + offsetWidth / 2 - this.list.clientWidth / 2 });
  }

  /**
   * Show which one is chosen; the server has the last word.
   * @param {string} pair
   */
  mark(pair) {
    for (const button of findAll(this.list, 'button')) {
      button.setAttribute('aria-pressed', String(button.dataset.pair === pair));
    }
  }

  /** @param {string} pair */
  button(pair) {
    return find(this.list, `button[data-pair="${CSS.escape(pair)}"]`);
  }
}

/**
 * The picture: before on the left and after on the right of a border that follows the mouse.
 * @param {EffectCard} card
 */
function pictureOf({ before, after }) {
  const picture = document.createElement('span');
  picture.className = 'picture';
  picture.append(...[before, after].filter(Boolean).map((address) => {
    const image = document.createElement('img');
    image.src = new URL(address, document.baseURI).href;
    image.alt = '';
    image.draggable = false;
    return image;
  }));
  picture.addEventListener('pointermove', ({ offsetX, pointerType }) => {
    if (pointerType === 'mouse') picture.style.setProperty('--border', `${(100 * offsetX) / picture.clientWidth}%`);
  });
  picture.addEventListener('pointerleave', () => picture.style.removeProperty('--border'));
  return picture;
}

/**
 * @param {string} tag
 * @param {string} content
 * @param {string} [className]
 */
function text(tag, content, className = '') {
  const element = document.createElement(tag);
  element.textContent = content;
  element.className = className;
  return element;
}
