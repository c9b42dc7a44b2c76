// What all canvases share: the theme's colours, and a backing store as fine as the screen.

const DOMAIN_COLOURS = ['--d0', '--d1', '--d2', '--d3'];
const DASHES = [[], [9, 4], [2, 3], [9, 3, 2, 3], [4, 4]];
const CLASS_COLOURS = Array.from({ length: CLASSES }, (_, digit) => `--c${digit}`);
const DIGIT = 28;
const FONT = 'system-ui, sans-serif';

const palette = {};
function readPalette() {
  const style = getComputedStyle(element.querySelector('.dni-digits'));
  for (const name of ['--ink', '--soft', '--rule', '--sheet', '--wrong', ...DOMAIN_COLOURS, '--d4', ...CLASS_COLOURS]) {
    palette[name] = style.getPropertyValue(name).trim();
  }
}

// A canvas in CSS pixels. Nothing is drawn while it is off the screen, or in a tab or box that is closed;
// `redraw` is called when it appears, and when its size changes.
class Surface {
  constructor(canvas, redraw) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.width = 0;
    this.height = 0;
    this.seen = false;
    new ResizeObserver(() => {
      if (!canvas.clientWidth) return;
      this.resize();
      redraw();
    }).observe(canvas);
    new IntersectionObserver((entries) => {
      this.seen = entries[entries.length - 1].isIntersecting;
      if (this.seen) redraw();
    }, { rootMargin: '80px' }).observe(canvas);
  }

  get ratio() { return window.devicePixelRatio || 1; }

  resize() {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(this.height * this.ratio);
  }

  // An empty canvas to draw on, or null while nobody sees it.
  clear() {
    if (!this.width || !this.seen) return null;
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }
}

// A legend as a list; the entries' values are set later.
function makeLegend(list, entries) {
  list.replaceChildren(...entries.map(({ name, colour, dash, mark }) => {
    const item = document.createElement('li');
    const key = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    key.setAttribute('viewBox', '0 0 24 10');
    key.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', MARKS[mark ?? 'line']);
    path.setAttribute('style', `stroke: var(${colour})`);
    if (dash) path.setAttribute('stroke-dasharray', dash.join(' '));
    key.append(path);
    const title = document.createElement('span');
    title.textContent = name;
    const value = document.createElement('b');
    item.append(key, title, value);
    return item;
  }));
  return [...list.children].map((item) => item.querySelector('b'));
}
const MARKS = { line: 'M0 5h24', circle: 'M12 1.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z', cross: 'M8.5 1.5l7 7m0-7l-7 7' };

// A digit's 28 by 28 RGB bytes, of which the first is number `from`, as pixels for a canvas.
function imageOf(context, rgb, from) {
  const image = context.createImageData(DIGIT, DIGIT);
  for (let n = 0; n < DIGIT * DIGIT; n++) {
    for (let channel = 0; channel < 3; channel++) image.data[4 * n + channel] = rgb[from + 3 * n + channel];
    image.data[4 * n + 3] = 255;
  }
  return image;
}
