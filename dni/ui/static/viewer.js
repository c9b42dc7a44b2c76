// The live viewer. The server renders a frame for any (picture, pair, region, alpha) that it is asked for;
// everything that is "current" lives here. Keyframes are fetched in the background and cross-faded while
// the thumb moves; when it rests, the exact frame is fetched. A reply that belongs to a strip no longer
// shown is dropped, so a late one can never replace a newer one.

const SETTLE_MS = 150;
const MAX_IN_FLIGHT = 2;
const SNAPS = [0, 0.5, 1];
const SNAP_WITHIN = 0.016;
const PREPARE_TIMEOUT_MS = 30000;

const find = (selector) => element.querySelector(selector);
const canvas = find('canvas');
const slider = find('input.alpha');
const wipeSlider = find('.wipe input');
const badge = find('.badge');
const view = new View(canvas);
const painter = new Painter(canvas, view);

let scene = null;
let strip = null;
let shownBefore = null;     // the strip that stays on screen until the new one has a frame
let alpha = 0.5;
let resting = true;
let original = false;
let wipe = 0;
let milliseconds = null;
let drawQueued = false;
let settleTimer = 0;
let regionTimer = 0;
let inFlight = new Set();
let liveInFlight = false;
let preparing = false;      // a GPU job is filling the server's frames (ZeroGPU)
let pointerOnSlider = false;
let movedAt = 0;

function decode(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
}

function say(text) {
  const message = find('.message');
  message.textContent = text ?? '';
  message.hidden = !text;
}

// Ask the server; its errors come as { error } and are shown, and the picture stays.
async function ask(name, request) {
  let reply;
  try { reply = await server[name](request); } catch { reply = null; }
  return reply ?? { error: 'The server does not answer. What is on screen stays; move the slider to try again.' };
}

// ---- fetching

function choose() {
  const wanted = tidy(alpha);
  const fetchable = !strip.has(wanted) && !inFlight.has(wanted);
  if (fetchable && resting) return wanted;
  if (fetchable && !liveInFlight && !strip.covers(wanted)) return wanted;
  if (preparing) return null;
  return strip.missing().find((key) => !inFlight.has(key)) ?? null;
}

function pump() {
  while (strip && !strip.failed && inFlight.size < MAX_IN_FLIGHT) {
    const next = choose();
    if (next === null) return;
    fetchFrame(strip, next);
  }
}

async function fetchFrame(owner, at) {
  const flights = inFlight;
  const live = at === tidy(alpha);
  flights.add(at);
  if (live) liveInFlight = true;
  const reply = await ask('frame', { token: owner.scene.token, pair: owner.scene.pair, region: owner.region, alpha: at });
  const bitmap = reply.error ? null : await decode(reply.jpeg).catch(() => null);
  flights.delete(at);
  if (live) liveInFlight = false;
  if (owner.closed || owner !== strip) { bitmap?.close(); return; }
  if (!bitmap) {
    owner.failed = true;
    say(reply.error ?? 'A frame arrived damaged. Move the slider to try again.');
    redraw();
    return;
  }
  say(null);
  owner.add(at, bitmap);
  if (reply.milliseconds) milliseconds = reply.milliseconds;
  if (shownBefore) { shownBefore.close(); shownBefore = null; }
  lightKeys();
  redraw();
  pump();
}

async function fetchBefore(owner) {
  const reply = await ask('before', { token: owner.scene.token, pair: owner.scene.pair, region: owner.region });
  const bitmap = reply.error ? null : await decode(reply.jpeg).catch(() => null);
  if (owner.closed || !bitmap) { bitmap?.close(); return; }
  owner.before = bitmap;
  redraw();
}

async function fetchOverview(of) {
  const reply = await ask('overview', { token: of.token });
  const bitmap = reply.error ? null : await decode(reply.jpeg).catch(() => null);
  if (of !== scene || !bitmap) { bitmap?.close(); return; }
  painter.overview = bitmap;
  redraw();
}

// ---- scenes and regions

function openStrip(region) {
  const samePicture = strip && strip.scene.token === scene.token && strip.frames.size;
  if (samePicture) { shownBefore?.close(); shownBefore = strip; } else strip?.close();
  strip = new Strip(scene, region);
  inFlight = new Set();
  liveInFlight = false;
  lightKeys();
  fetchBefore(strip);
  if (scene.prepares) {
    preparing = true;
    trigger('prepare', { region });
    setTimeout(() => { preparing = false; pump(); }, PREPARE_TIMEOUT_MS);
  }
  report();
  pump();
}

function openScene(next) {
  if (!next?.token || next.serial === scene?.serial) {
    if (next?.prepared && preparing) { preparing = false; pump(); }
    return;
  }
  const newPicture = next.token !== scene?.token;
  scene = next;
  say(null);
  if (newPicture) {
    shownBefore?.close(); shownBefore = null;
    strip?.close(); strip = null;
    painter.overview?.close(); painter.overview = null;
  }
  view.resize();
  if (newPicture || !view.scene || view.scene.scale !== scene.scale) view.open(scene); else view.scene = scene;
  if (newPicture && !view.whole) fetchOverview(scene);
  find('.end-a').textContent = scene.labels[0];
  find('.end-b').textContent = scene.labels[1];
  canvas.setAttribute('aria-label', `${scene.name}, enlarged ${scene.scale} times by the blended network`);
  alpha = tidy(scene.alpha);
  slider.value = alpha;
  openStrip(view.region(null));
  settle();
}

function moved() {
  redraw();
  clearTimeout(regionTimer);
  regionTimer = setTimeout(() => {
    if (!scene) return;
    const region = view.region(strip?.region);
    if (!strip || !sameRegion(region, strip.region)) openStrip(region);
  }, 200);
}

// ---- alpha

function setAlpha(value) {
  alpha = tidy(value);
  movedAt = performance.now();
  resting = false;
  if (strip) strip.failed = false;
  clearTimeout(settleTimer);
  settleTimer = setTimeout(settle, SETTLE_MS);
  redraw();
  pump();
}

function settle() {
  resting = true;
  clearTimeout(settleTimer);
  report();
  redraw();
  pump();
}

// Tell Python and the address bar where we are.
function report() {
  if (!scene) return;
  props.value = { ...scene, alpha, region: strip?.region ?? null };
  const query = new URLSearchParams(window.location.search);
  query.set('pair', scene.pair);
  query.set('alpha', alpha);
  if (scene.example) query.set('example', scene.example); else query.delete('example');
  const address = `${window.location.pathname}?${query}`;
  if (address !== window.location.pathname + window.location.search) window.history.replaceState(null, '', address);
}

// ---- drawing

function redraw() {
  if (drawQueued) return;
  drawQueued = true;
  requestAnimationFrame(draw);
}

function draw() {
  drawQueued = false;
  const visible = strip?.frames.size || !shownBefore ? strip : shownBefore;
  const state = painter.draw({ strip: visible, alpha, wipe, original });
  const stale = visible !== strip;
  const shown = stale ? 'waiting' : state;
  const words = { exact: 'exact', preview: 'preview', waiting: strip?.failed ? 'not rendered' : 'rendering…' };
  badge.dataset.state = original ? 'original' : shown;
  badge.textContent = !scene ? '' : original ? 'original' : words[shown];
  find('.zoom').textContent = scene ? `${Math.round(view.zoom * view.ratio * 100)} %` : '';
  const time = milliseconds === null ? '' : ` · ${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms a frame`;
  find('.readout').textContent = scene ? `alpha ${alpha.toFixed(2)}${time}` : '';
  slider.setAttribute('aria-valuetext', scene ? `${alpha.toFixed(2)}: ${Math.round((1 - alpha) * 100)} % ${scene.labels[0]}, ${Math.round(alpha * 100)} % ${scene.labels[1]}` : '');
  canvas.style.touchAction = view.scene && view.fitted && wipe === 0 ? 'pan-y' : 'none';
  canvas.dataset.alpha = alpha;
  canvas.dataset.state = shown;
  canvas.dataset.latency = movedAt ? (performance.now() - movedAt).toFixed(1) : '';
}

function lightKeys() {
  const row = find('.keys');
  if (!row.children.length) {
    for (const key of [...KEYFRAMES].sort((a, b) => a - b)) {
      const dot = document.createElement('i');
      dot.style.left = `${key * 100}%`;
      dot.dataset.key = key;
      row.append(dot);
    }
  }
  for (const dot of row.children) dot.classList.toggle('there', strip?.has(Number(dot.dataset.key)) ?? false);
  canvas.dataset.frames = strip?.frames.size ?? 0;
  canvas.dataset.missing = strip?.frames.size ? strip.missing().length : KEYFRAMES.length;
}

// ---- controls

function setWipe(fraction) {
  wipe = fraction;
  wipeSlider.value = Math.round(fraction * 100);
  redraw();
}

function setOriginal(on) {
  if (original === on) return;
  original = on;
  redraw();
}

const tools = attachGestures({ view, canvas, wipe: () => wipe, setWipe, moved });
const extras = {
  reset: () => { slider.value = 0.5; setAlpha(0.5); settle(); },
  link: async (button) => {
    report();
    let told = 'Copied';
    try { await navigator.clipboard.writeText(window.location.href); } catch { told = 'Copy the address bar'; }
    const label = button.textContent;
    button.textContent = told;
    setTimeout(() => { button.textContent = label; }, 1500);
  },
};
for (const button of element.querySelectorAll('button[data-tool]')) {
  const name = button.dataset.tool;
  if (name === 'original') continue;
  button.addEventListener('click', () => {
    if (!scene) return;
    if (tools[name]) { tools[name](); moved(); } else extras[name](button);
  });
}

const hold = find('[data-tool="original"]');
hold.addEventListener('pointerdown', (event) => { hold.setPointerCapture(event.pointerId); setOriginal(true); });
for (const name of ['pointerup', 'pointercancel', 'blur']) hold.addEventListener(name, () => setOriginal(false));
hold.addEventListener('contextmenu', (event) => event.preventDefault());
hold.addEventListener('keydown', (event) => { if (event.key === ' ' || event.key === 'Enter') setOriginal(true); });
hold.addEventListener('keyup', () => setOriginal(false));
const root = find('.dni-viewer');
root.addEventListener('keydown', (event) => { if (event.key.toLowerCase() === 'o' && !event.ctrlKey && !event.metaKey) setOriginal(true); });
root.addEventListener('keyup', (event) => { if (event.key.toLowerCase() === 'o') setOriginal(false); });
window.addEventListener('blur', () => setOriginal(false));

slider.addEventListener('pointerdown', () => { pointerOnSlider = true; });
window.addEventListener('pointerup', () => { pointerOnSlider = false; });
slider.addEventListener('input', () => {
  let value = Number(slider.value);
  if (pointerOnSlider) {
    const snap = SNAPS.find((point) => Math.abs(point - value) < SNAP_WITHIN);
    if (snap !== undefined) { value = snap; slider.value = snap; }
  }
  setAlpha(value);
});
slider.addEventListener('change', settle);
wipeSlider.addEventListener('input', () => { wipe = Number(wipeSlider.value) / 100; redraw(); });

new ResizeObserver(() => { view.resize(); if (scene) moved(); else redraw(); }).observe(canvas);
watch('value', () => openScene(props.value));
openScene(props.value);
