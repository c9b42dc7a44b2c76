// The panels under the viewer: comparing with a blend of pixels, and the curve of distortion and perception.

const SVG = 'http://www.w3.org/2000/svg';

function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Three pictures of one region: the blended network's, the blended pixels, and their difference.
class ComparePanel {
  constructor(root) {
    this.root = root;
    this.images = Object.fromEntries([...root.querySelectorAll('img')].map((image) => [image.dataset.part, image]));
    this.note = root.querySelector('.note');
    this.asked = 0;
  }

  async show(request) {
    const number = ++this.asked;
    this.root.dataset.state = 'waiting';
    const reply = await ask('compare', request);
    if (number !== this.asked || reply.dropped) return;
    this.note.textContent = reply.error ?? reply.note;
    this.root.dataset.state = reply.error ? 'failed' : 'there';
    if (reply.error) return;
    for (const [part, image] of Object.entries(this.images)) image.src = `data:image/jpeg;base64,${reply[part]}`;
  }
}

// Where the blends lie between being true to the picture and looking real (Blau and Michaeli, CVPR 2018).
class CurvePanel {
  // go(alpha): called when a point is chosen.
  constructor(root, go) {
    this.root = root;
    this.go = go;
    this.chart = root.querySelector('svg');
    this.note = root.querySelector('.note');
    this.advice = root.querySelector('.advice');
    this.button = root.querySelector('button.measure');
    this.accept = root.querySelector('button.accept');
    this.accept.addEventListener('click', () => this.go(this.suggested));
    this.painting = '';
    this.clear();
  }

  clear() {
    this.curve = null;
    this.asked = (this.asked ?? 0) + 1;
    this.chart.replaceChildren();
    this.chart.style.display = 'none';
    this.note.textContent = '';
    this.advice.textContent = '';
    this.accept.hidden = true;
    this.button.disabled = false;
    this.root.dataset.state = '';
  }

  // painting: which painting it is measured with; once there is another one, the curve goes.
  async measure(request, alpha, painting) {
    this.clear();
    this.painting = painting;
    const number = this.asked;
    this.button.disabled = true;
    this.note.textContent = 'Measuring eleven blends…';
    const reply = await ask('curve', request);
    if (number !== this.asked) return;
    this.button.disabled = false;
    this.root.dataset.state = reply.error ? 'failed' : 'there';
    this.note.textContent = reply.error ?? reply.note;
    if (reply.error) return;
    this.curve = reply;
    this.suggested = reply.suggestion.alpha;
    this.advice.textContent = `Suggested alpha: ${this.suggested.toFixed(2)}. ${reply.suggestion.reason}`;
    this.accept.hidden = false;
    this.chart.style.display = '';
    this.draw(alpha, painting);
  }

  draw(alpha, painting) {
    if (painting !== this.painting) { this.clear(); this.painting = painting; }
    if (!this.curve) return;
    const { points, axes } = this.curve;
    // As wide as it is shown, so that its letters stay readable.
    const width = Math.min(640, Math.max(300, this.chart.clientWidth || 640));
    const [height, left, bottom, top, right] = [390, 92, 52, 14, 16];
    const scale = (values, from, to) => {
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const pad = (most - least || 1) * 0.06;
      const map = (value) => from + ((value - least + pad) / (most - least + 2 * pad)) * (to - from);
      map.ticks = [least, (least + most) / 2, most];
      return map;
    };
    const across = scale(points.map((point) => point.distortion), left, width - right);
    const up = scale(points.map((point) => point.perception), height - bottom, top);
    const place = (point) => [across(point.distortion), up(point.perception)];
    this.chart.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const path = svg('polyline', { class: 'path', points: points.map((point) => place(point).join(',')).join(' ') });
    this.chart.replaceChildren(...this.axes({ across, up, axes, width, height, left, bottom }), path, ...points.map((point) => this.point(point, place(point))), this.now(points, alpha, place));
  }

  axes({ across, up, axes, width, height, left, bottom }) {
    const line = (x1, y1, x2, y2) => svg('line', { class: 'axis', x1, y1, x2, y2 });
    const text = (x, y, words, anchor, extra = {}) => svg('text', { x, y, 'text-anchor': anchor, ...extra }, words);
    const round = (value) => Number(value.toPrecision(3)).toString();
    const middle = (height - bottom) / 2;
    return [
      line(left, height - bottom, width - 16, height - bottom),
      line(left, 14, left, height - bottom),
      ...across.ticks.map((value) => text(across(value), height - bottom + 17, round(value), 'middle')),
      ...up.ticks.map((value) => text(left - 6, up(value) + 4, round(value), 'end')),
      text((left + width) / 2, height - 10, axes.distortion, 'middle', { class: 'title' }),
      text(16, middle, axes.perception, 'middle', { class: 'title', transform: `rotate(-90 16 ${middle})` }),
    ];
  }

  point(point, [cx, cy]) {
    const dot = svg('circle', { class: 'point', cx, cy, r: 6, tabindex: 0, role: 'button', 'aria-label': `alpha ${point.alpha.toFixed(2)}` });
    dot.append(svg('title', {}, `alpha ${point.alpha.toFixed(2)}: ${point.text}`));
    dot.addEventListener('click', () => this.go(point.alpha));
    dot.addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); this.go(point.alpha); } });
    return dot;
  }

  // Where the slider is, on the line between its neighbours.
  now(points, alpha, place) {
    const next = points.findIndex((point) => point.alpha >= alpha - 1e-9);
    const high = points[next < 0 ? points.length - 1 : next];
    const low = points[Math.max(0, (next < 0 ? points.length : next) - 1)];
    const part = high.alpha > low.alpha ? Math.min(1, Math.max(0, (alpha - low.alpha) / (high.alpha - low.alpha))) : 1;
    const [from, to] = [place(low), place(high)];
    return svg('circle', { class: 'now', cx: from[0] + part * (to[0] - from[0]), cy: from[1] + part * (to[1] - from[1]), r: 10 });
  }
}
