// What both viewers do alike. Each brings its own `scene`, `canvas`, `painter`, `find` and `draw`.

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

// What lies below the frames: the region enlarged plainly, and the whole of a large picture.

async function fetchBefore(owner) {
  const reply = await ask('before', { token: owner.scene.token, pair: owner.scene.pair, region: owner.region });
  const bitmap = reply.error ? null : await decode(reply.jpeg).catch(() => null);
  if (owner.closed || !bitmap) { bitmap?.close(); return; }
  owner.before = bitmap;
  canvas.dataset.before = 'there';
  redraw();
}

async function fetchOverview(of) {
  const reply = await ask('overview', { token: of.token });
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
