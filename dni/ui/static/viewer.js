// The live viewer. The server renders a frame for any (picture, pair, region, alpha) that it is asked for;
// everything that is "current" lives here. Keyframes are fetched in the background and cross-faded while
// the thumb moves; where they are not there yet, the frame under the thumb is asked for at once, and when the
// thumb rests, the exact one. Of those that wait for their turn the server renders the newest only. A reply
// that belongs to a strip no longer shown is dropped, so a late one can never replace a newer one.

const SETTLE_MS = 150;
// No keyframes are asked for so soon after a move: the next move may need the server.
const KEY_PAUSE_MS = 300;
const MAX_KEYS_IN_FLIGHT = 1;
// While the thumb moves, one frame is rendered and one is on its way; at rest the last one goes out in any case.
const MAX_LIVE_IN_FLIGHT = 2;
const PREPARE_TIMEOUT_MS = 30000;

const canvas = find('canvas');
const slider = find('input.alpha');
const wipeSlider = find('.wipe input');
const view = new View(canvas);
const painter = new Painter(canvas, view);

let strip = null;
let alpha = 0.5;
let resting = true;
let wipe = 0;
let timing = '';             // how long the last frame took
let settleTimer = 0;
let regionTimer = 0;
let inFlight = new Set();    // of { at, wanted }: the alpha, and whether somebody waits (else it is a keyframe)
let preparing = false;      // a GPU job is filling the server's frames (ZeroGPU)
let movedAt = 0;
let moving = false;
let keyTimer = 0;

// ---- fetching

// What to ask for next: { at, wanted }, or null.
function choose() {
  const at = tidy(alpha);
  const flights = [...inFlight];
  const waited = flights.filter((flight) => flight.wanted);
  if (!strip.has(at) && (resting || !strip.covers(at))) {
    const asked = waited.some((flight) => flight.at === at);
    return !asked && (resting || waited.length < MAX_LIVE_IN_FLIGHT) ? { at, wanted: true } : null;
  }
  if (preparing || moving || waited.length || flights.length >= MAX_KEYS_IN_FLIGHT) return null;
  const key = strip.missing().find((candidate) => !flights.some((flight) => flight.at === candidate));
  return key === undefined ? null : { at: key, wanted: false };
}

function pump() {
  while (strip && !strip.failed) {
    const next = choose();
    if (next === null) return;
    fetchFrame(strip, next);
  }
}

async function fetchFrame(owner, flight) {
  const flights = inFlight;
  const asked = performance.now();
  flights.add(flight);
  const { token, pair, session } = owner.scene;
  const request = { token, pair, region: owner.region, alpha: flight.at, session, ahead: !flight.wanted };
  const reply = await ask('frame', request);
  const bitmap = reply.jpeg ? await decode(reply.jpeg).catch(() => null) : null;
  flights.delete(flight);
  if (owner.closed || owner !== strip) { bitmap?.close(); return; }
  if (reply.dropped) { pump(); return; }
  if (!bitmap) {
    owner.failed = true;
    say(reply.error ?? 'A frame arrived damaged. Move the slider to try again.', 'frame');
    redraw();
    return;
  }
  say(reply.notice || null, 'frame');
  owner.add(flight.at, bitmap);
  timing = timeTaken(reply.milliseconds, performance.now() - asked);
  forgetBefore();
  lightKeys();
  redraw();
  pump();
}

// ---- scenes and regions

function openStrip(region) {
  retire(strip);
  strip = new Strip(scene, region);
  canvas.dataset.before = '';
  inFlight = new Set();
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
  if (!next?.token) return;
  if (next.serial === scene?.serial) {
    if (!next.prepared || !preparing) return;
    preparing = false;
    report();  // the answer holds the alpha of when it was asked for
    pump();
    return;
  }
  const newPicture = next.token !== scene?.token;
  if (!scene) alpha = tidy(next.alpha);  // from then on the slider's is the newest
  scene = next;
  say(null, 'frame');
  say(null, 'link');
  if (newPicture) { forget(strip); strip = null; }
  place(newPicture);
  find('.end-a').textContent = scene.labels[0];
  find('.end-b').textContent = scene.labels[1];
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
  say(null, 'link');
  if (strip) strip.failed = false;
  clearTimeout(settleTimer);
  settleTimer = setTimeout(settle, SETTLE_MS);
  moving = true;
  clearTimeout(keyTimer);
  keyTimer = setTimeout(() => { moving = false; pump(); }, KEY_PAUSE_MS);
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

function draw() {
  drawQueued = false;
  const visible = drawn(strip);
  const state = painter.draw({ strip: visible, alpha, wipe, original });
  find('.readout').textContent = scene ? `alpha ${alpha.toFixed(2)}${timing && ` · ${timing}`}` : '';
  slider.setAttribute('aria-valuetext', scene ? `${alpha.toFixed(2)}: ${Math.round((1 - alpha) * 100)} % ${scene.labels[0]}, ${Math.round(alpha * 100)} % ${scene.labels[1]}` : '');
  canvas.style.touchAction = view.scene && view.fitted && wipe === 0 ? 'pan-y' : 'none';
  canvas.dataset.alpha = alpha;
  showState(visible === strip ? state : 'waiting', strip?.failed);
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
