// The digit desk. What the networks make of the walls is fetched at 21 alphas and interpolated while the thumb
// moves ("preview"); when it rests, the blended network itself is asked ("exact"). Everything that is
// "current" lives here; a reply about something else is dropped.

const SETTLE_MS = 150;
const SNAPS = [0, 0.5, 1];
const SNAP_WITHIN = 0.016;
const RATE_OVER = 30;       // frames
const RATE_PAUSE_MS = 400;  // a longer pause between two frames starts the counting anew

const find = (selector) => element.querySelector(selector);
const section = find('.dni-digits');
const slider = find('input.alpha');
const state = { ...props.start, alpha: 0.5, strength: 1 };

let shown = null;         // what the last reply holds
let exact = null;         // { alpha, probs, map, accuracy, milliseconds } of the blended network itself
let resting = true;
let pointerOnSlider = false;
let settleTimer = 0;
let drawQueued = false;
let stamps = [];          // when the last frames with a new alpha were drawn
let lastDrawn = null;

// One request of a kind at a time. While it is under way only the newest wish is kept.
class Line {
  constructor(name, take) {
    this.name = name;
    this.take = take;
    this.busy = false;
    this.wish = null;
  }

  async ask(request) {
    this.wish = request;
    if (this.busy) return;
    this.busy = true;
    while (this.wish) {
      const asked = this.wish;
      this.wish = null;
      let reply;
      try { reply = await server[this.name]({ ...asked, session: state.session }); } catch { reply = null; }
      this.take(reply ?? { error: 'The server does not answer. What is on screen stays; move the slider to try again.' }, asked);
    }
    this.busy = false;
    redraw();
  }
}

function say(text) {
  const message = find('.message');
  message.textContent = text ?? '';
  message.hidden = !text;
}

// ---- fetching

const wanted = () => ({ method: state.method, token: state.token, strength: state.strength });
const sameMethod = (one, other) => one.method === other.method && one.token === other.token;
const same = (one, other) => sameMethod(one, other) && one.strength === other.strength;

// Whether a reply can be used. One about other digits means that the walls are out of date.
function isGood(reply) {
  if (reply.error) { say(reply.error); return false; }
  say(null);
  if (reply.serial === shown.serial) return true;
  openDesk();
  return false;
}

const deskLine = new Line('desk', (reply, asked) => {
  if (!sameMethod(asked, state)) return;
  if (reply.error) { say(reply.error); return; }
  say(null);
  openReply(reply, asked);
});

const exactLine = new Line('exact', (reply, asked) => {
  if (!shown || !same(asked, shown) || !isGood(reply)) return;
  if (asked.alpha !== state.alpha) return;
  exact = { ...reply, alpha: asked.alpha, probs: sharesOf(reply.probs), map: positionsOf(reply.map) };
  redraw();
  askRest();
});

const curveLine = new Line('curve', (reply, asked) => {
  if (!shown || !same(asked, shown) || !isGood(reply)) return;
  shown.curve = new Series(shown.alphas, Float32Array.from(reply.accuracy.flat()));
  shown.stale = false;
  section.dataset.curve = asked.method;
  chart.open(shown.alphas, shown.titles.map((_, domain) => shown.curve.column(domain)));
  redraw();
  askRest();
});

function openDesk() {
  deskLine.ask(wanted());
  redraw();
}

function openReply(reply, asked) {
  // Of the last curve the fixed domains are still right if only the strength is another.
  const kept = shown && sameMethod(shown, asked) && shown.serial === reply.serial ? shown.curve : null;
  shown = {
    ...reply, ...asked,
    title: state.title,
    probs: new Series(reply.alphas, sharesOf(reply.probs)),
    map: new Series(reply.alphas, positionsOf(reply.map.positions)),
    mapLabels: reply.map.labels,
    curve: kept,
    stale: true,
  };
  exact = null;
  if (!kept) chart.open([], []);
  openWalls(bytesOf(reply.pixels));
  find('.end-b').textContent = shown.title;
  find('.source').textContent = `All are ${shown.source.title}: none of the networks has learnt from them.`;
  section.dataset.source = shown.source.isMnist ? 'mnist' : 'other';
  section.dataset.opened = Number(section.dataset.opened ?? 0) + 1;
  if (!shown.source.isMnist) followFetch();
  predict();
  if (resting) settle();
  redraw();
}

function openWalls(pixels) {
  const each = pixels.length / walls.length;
  walls.forEach((wall, domain) => wall.open({
    title: shown.titles[domain], note: shown.notes[domain], labels: shown.labels, held: shown.held,
    pixels: pixels.subarray(domain * each, (domain + 1) * each),
  }));
  if (scores.length === 0) {
    const entries = shown.titles.map((name, domain) => ({ name, colour: DOMAIN_COLOURS[domain], dash: DASHES[domain] }));
    scores = makeLegend(find('.scores'), entries);
  }
  featureMap.labels = shown.mapLabels;
  showMapLegend();
}

// What takes longer is asked for one after the other, while nobody waits for something else.
function askRest() {
  if (!resting || !shown) return;
  if (shown.stale) curveLine.ask({ method: shown.method, token: shown.token, strength: shown.strength });
  else askStrengths();
}

// ---- alpha

function setAlpha(value) {
  state.alpha = Number(value.toFixed(4));
  slider.value = state.alpha;
  stir();
}

// Something moves: all that is slow waits until it rests.
function stir() {
  resting = false;
  clearTimeout(settleTimer);
  settleTimer = setTimeout(settle, SETTLE_MS);
  redraw();
}

function settle() {
  resting = true;
  clearTimeout(settleTimer);
  if (!shown || !same(shown, state)) {
    if (!deskLine.busy) openDesk();  // it failed
    return;
  }
  if (exact?.alpha === state.alpha) askRest();
  else exactLine.ask({ ...wanted(), alpha: state.alpha });
}

slider.addEventListener('pointerdown', () => { pointerOnSlider = true; });
for (const name of ['pointerup', 'pointercancel']) window.addEventListener(name, () => { pointerOnSlider = false; });
slider.addEventListener('input', () => {
  const value = Number(slider.value);
  const snap = pointerOnSlider ? SNAPS.find((point) => Math.abs(point - value) < SNAP_WITHIN) : undefined;
  setAlpha(snap ?? value);
});
slider.addEventListener('change', settle);
find('.reset').addEventListener('click', () => { setAlpha(0.5); settle(); });

// ---- drawing

const walls = [0, 1, 2, 3].map((domain) => new Wall(find('.walls'), domain, redraw));
const chart = new Chart(find('canvas.accuracy'), {
  lines: DOMAIN_COLOURS.map((colour, domain) => ({ colour, dash: DASHES[domain] })),
  ticks: [[0, 'alpha 0'], [0.25, '0.25'], [0.5, '0.5'], [0.75, '0.75'], [1, '1']],
  pick: (share) => { const value = Math.round(100 * share) / 100; if (value !== state.alpha) setAlpha(value); },
  redraw,
});
const featureMap = new FeatureMap(find('.features canvas'), redraw);
let scores = [];

function showMapLegend() {
  if (shown) mapLegend(find('.colouring .legend'), featureMap.byClass, shown.titles.slice(0, 2));
}
for (const choice of section.querySelectorAll('.colouring input')) {
  choice.addEventListener('change', () => {
    featureMap.byClass = choice.value === 'class';
    showMapLegend();
    redraw();
  });
}

function redraw() {
  if (drawQueued) return;
  drawQueued = true;
  requestAnimationFrame(draw);
}

function draw() {
  drawQueued = false;
  const now = shown && exact?.alpha === state.alpha ? exact : null;
  if (shown) {
    const probs = now ? now.probs : shown.probs.at(state.alpha);
    const accuracies = accuracyTexts(now);
    const each = WALL * CLASSES;
    walls.forEach((wall, domain) => wall.draw(probs.subarray(domain * each, (domain + 1) * each), accuracies[domain]));
    scores.forEach((score, domain) => { score.textContent = accuracies[domain]; });
    featureMap.draw(now ? now.map : shown.map.at(state.alpha));
  }
  chart.draw(state.alpha);
  drawShift();
  drawReadings();
  tell(now);
}

function accuracyTexts(now) {
  const curve = shown.curve?.at(state.alpha);
  return shown.titles.map((_, domain) => {
    if (now) return percent(now.accuracy[domain], 1);
    const known = curve && !(shown.stale && domain === walls.length - 1);
    return known ? percent(curve[domain], 1) : '…';
  });
}

// Frames a second while the thumb moves; null until there are enough to tell.
function rate() {
  if (state.alpha !== lastDrawn && shown) {
    const now = performance.now();
    if (stamps.length && now - stamps[stamps.length - 1] > RATE_PAUSE_MS) stamps = [];
    stamps = [...stamps.slice(1 - RATE_OVER), now];
    lastDrawn = state.alpha;
    section.dataset.updates = Number(section.dataset.updates ?? 0) + 1;
  }
  return stamps.length < 5 ? null : 1000 * (stamps.length - 1) / (stamps[stamps.length - 1] - stamps[0]);
}

function tell(now) {
  const frames = rate();
  const current = shown && sameMethod(shown, state);
  const kind = current ? (now ? 'exact' : 'preview') : deskLine.busy ? 'loading' : 'failed';
  const timing = now ? `exact in ${Math.round(now.milliseconds)} ms` : frames && !resting ? `${Math.round(frames)} updates/s` : '';
  const badge = find('.badge');
  badge.textContent = kind === 'loading' ? 'loading…' : kind;
  badge.dataset.state = kind;
  section.dataset.state = kind;
  section.dataset.alpha = state.alpha;
  find('.readout').textContent = `alpha ${state.alpha.toFixed(2)}${timing && ` · ${timing}`}`;
  const [a, b] = [Math.round(100 * (1 - state.alpha)), Math.round(100 * state.alpha)];
  slider.setAttribute('aria-valuetext', `${state.alpha.toFixed(2)}: ${a} % source only, ${b} % ${state.title}`);
  if (shown && now) {
    const words = shown.titles.map((title, domain) => `${title} ${percent(now.accuracy[domain])}`).join(', ');
    chart.canvas.setAttribute('aria-label', `Accuracy along alpha; at ${state.alpha.toFixed(2)}: ${words}`);
  }
}
