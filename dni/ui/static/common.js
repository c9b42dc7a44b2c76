// What both viewers do alike. Each brings its own `canvas`, `view`, `painter` and `draw`, and what a `strip` of
// frames is to it: something with a `scene`, a `region` and `frames`.

const find = (selector) => element.querySelector(selector);

let scene = null;
let shownBefore = null;     // the strip that stays on screen until the new one has a frame
let original = false;
let drawQueued = false;

const typing = (target) => target.isContentEditable || target.matches?.('textarea, input:not([type="range"])');

function decode(base64) {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index);
  return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
}

// The server's errors come as { error }; a server that is gone is said in the same way.
async function ask(name, request) {
  let reply;
  try { reply = await server[name](request); } catch { reply = null; }
  return reply ?? { error: 'The server does not answer. What is on screen stays; move the slider to try again.' };
}

// While a button or the letter is held, by mouse, touch or keyboard, something is on.
function onHold(button, letter, turn) {
  button.addEventListener('pointerdown', (event) => { button.setPointerCapture(event.pointerId); turn(true); });
  for (const name of ['pointerup', 'pointercancel', 'blur']) button.addEventListener(name, () => turn(false));
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  button.addEventListener('keydown', (event) => { if (event.key === ' ' || event.key === 'Enter') turn(true); });
  button.addEventListener('keyup', () => turn(false));
  document.addEventListener('keydown', (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key.toLowerCase() === letter && plain && !typing(event.target)) turn(true);
  });
  document.addEventListener('keyup', (event) => { if (event.key.toLowerCase() === letter) turn(false); });
  window.addEventListener('blur', () => turn(false));
}

// Give files to one of gradio's upload boxes, as if they had been chosen there.
function handOver(selector, files) {
  const input = document.querySelector(`${selector} input[type="file"]`);
  if (!input || !files.length) return false;
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  return true;
}

// A message goes when what it is about is over: 'frame' when a frame arrives, 'link' when it is out of date.
function say(text, about) {
  const message = find('.message');
  if (!text && message.dataset.about !== about) return;
  message.textContent = text ?? '';
  message.hidden = !text;
  message.dataset.about = about;
}

// ---- one strip after another

// A strip of the same picture stays on screen until the next one has a frame.
function retire(strip) {
  if (strip && strip.scene.token === scene.token && strip.frames.size) { forgetBefore(); shownBefore = strip; } else strip?.close();
}

function forgetBefore() {
  shownBefore?.close();
  shownBefore = null;
}

// Another picture comes: nothing of the last one stays.
function forget(strip) {
  forgetBefore();
  strip?.close();
  painter.overview?.close();
  painter.overview = null;
}

// The scene's picture on the canvas; the view stays where it is unless the picture is new or has another size.
function place(newPicture) {
  view.resize();
  if (newPicture || !view.scene || view.scene.scale !== scene.scale) view.open(scene); else view.scene = scene;
  if (newPicture && !view.whole) fetchOverview(scene);
  canvas.setAttribute('aria-label', `${scene.name}, enlarged ${scene.scale} times by the blended network`);
}

// A frame that the server still had took no rendering, only its way here.
function timeTaken(rendering, fetching) {
  const spent = rendering || fetching;
  return `${rendering ? 'rendered' : 'fetched'} in ${spent < 10 ? spent.toFixed(1) : Math.round(spent)} ms`;
}

// ---- drawing

// What lies below the frames: the region enlarged plainly, and the whole of a large picture.

async function fetchBefore(owner) {
  const reply = await ask('before', { token: owner.scene.token, pair: owner.scene.pair, region: owner.region, session: owner.scene.session });
  const bitmap = reply.error ? null : await decode(reply.jpeg).catch(() => null);
  if (owner.closed || !bitmap) { bitmap?.close(); return; }
  owner.before = bitmap;
  canvas.dataset.before = 'there';
  redraw();
}

async function fetchOverview(of) {
  const reply = await ask('overview', { token: of.token, session: of.session });
  const bitmap = reply.error ? null : await decode(reply.jpeg).catch(() => null);
  if (of.token !== scene.token || !bitmap) { bitmap?.close(); return; }
  painter.overview = bitmap;
  redraw();
}

function redraw() {
  if (drawQueued) return;
  drawQueued = true;
  requestAnimationFrame(draw);
}

// The frames to draw: the strip's, or those of the one before while it has none.
const drawn = (strip) => (strip?.frames.size || !shownBefore ? strip : shownBefore);

// What the painter shows, as the badge says it: 'exact', 'preview' or 'waiting'; and how large.
function showState(state, failed) {
  const shown = original ? 'original' : state;
  const words = { exact: 'exact', preview: 'preview', waiting: failed ? 'not rendered' : 'rendering…', original: 'original' };
  const badge = find('.badge');
  badge.dataset.state = shown;
  badge.textContent = scene ? words[shown] : 'loading…';
  canvas.dataset.state = shown;
  find('.zoom').textContent = scene ? `${Math.round(view.zoom * view.ratio * 100)} %` : '';
}

function setOriginal(on) {
  if (original === on) return;
  original = on;
  redraw();
}

// ---- pictures from elsewhere

const picturesOf = (files) => [...(files ?? [])].filter((file) => file.type.startsWith('image/'));

// What is dropped on the viewer is handed to take(files); a picture that is pasted on the page goes into a box.
function attachFiles(box, take) {
  const stage = find('.stage');
  stage.addEventListener('dragover', (event) => event.preventDefault());
  stage.addEventListener('drop', (event) => { event.preventDefault(); take([...event.dataTransfer.files]); });
  document.addEventListener('paste', (event) => {
    // No width: another tab is shown.
    if (!canvas.clientWidth || typing(event.target) || event.defaultPrevented) return;
    if (handOver(box, picturesOf(event.clipboardData?.files).slice(0, 1))) event.preventDefault();
  });
}

// The canvas follows the window; then act() looks where the picture is now.
function attachSize(act) {
  new ResizeObserver(() => {
    if (!canvas.clientWidth) return;
    view.resize();
    if (scene) act(); else redraw();
  }).observe(canvas);
}
