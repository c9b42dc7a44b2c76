// Buttons, panels, the brush on the canvas, and files dropped on the desk.

const brush = {
  mode: '',  // 'brush', 'eraser', or '' to move the picture
  get active() { return panel === 'paint' && this.mode !== ''; },
  // In pixels of the input picture; the slider grows with its square, to be fine at the small end.
  get radius() { return scene ? Math.max(0.6, (Number(find('.size').value) / 100) ** 2 * Math.max(scene.width, scene.height) / 2) : 1; },
  get softness() { return Number(find('.softness').value) / 100; },
  get strength() { return Number(find('.strength').value) / 100; },
};

// ---- painting: before the gestures, so that a stroke does not also move the picture

const strokes = new Map();  // pointer -> the last point, in input pixels

function inputPoint(event) {
  const box = canvas.getBoundingClientRect();
  hover = { x: event.clientX - box.left, y: event.clientY - box.top };
  return {
    x: (view.x + (hover.x - view.width / 2) / view.zoom) / scene.scale,
    y: (view.y + (hover.y - view.height / 2) / view.zoom) / scene.scale,
  };
}

function strokeTo(from, to) {
  const { radius, softness, strength } = brush;
  const step = Math.max(0.5, radius / 4);
  const count = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / step));
  for (let i = 1; i <= count; i++) {
    const part = i / count;
    mask.dab({ x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y), radius, softness, strength, erase: brush.mode === 'eraser' });
  }
  stir();
}

canvas.addEventListener('pointerdown', (event) => {
  if (!brush.active || !scene || event.button > 0 || strokes.size) return;
  event.stopImmediatePropagation();
  canvas.setPointerCapture(event.pointerId);
  mask.remember();
  useMask();
  const point = inputPoint(event);
  strokes.set(event.pointerId, point);
  strokeTo(point, point);
});
canvas.addEventListener('pointermove', (event) => {
  if (!brush.active || !scene) return;
  const point = inputPoint(event);
  redraw();
  const last = strokes.get(event.pointerId);
  if (!last) return;
  event.stopImmediatePropagation();
  strokeTo(last, point);
  strokes.set(event.pointerId, point);
});
for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, (event) => { strokes.delete(event.pointerId); });
canvas.addEventListener('pointerleave', () => { hover = null; redraw(); });

function useMask() {
  mask.on = true;
  canvas.dataset.mask = 'on';
  stir();
}

const maskTools = {
  undo: () => { if (mask.undo()) stir(); },
  fill: () => { mask.remember(); mask.fill(1); useMask(); },
  clear: () => { mask.remember(); mask.fill(0); useMask(); },
  invert: () => { mask.remember(); mask.invert(); useMask(); },
  detail: () => fetchMask('detail'),
  luminance: () => fetchMask('luminance'),
  import: () => find('.mask-file').click(),
  off: () => { mask.on = false; canvas.dataset.mask = ''; stir(); },
};

async function fetchMask(kind) {
  const reply = await ask('auto_mask', { token: scene.token, kind, session: scene.session });
  if (reply.error) say(reply.error, 'mask'); else { say(null, 'mask'); await importMask(reply.png); }
}

async function readMaskFile(file) {
  try {
    await mask.read(file);
    say(null, 'mask');
    useMask();
  } catch {
    say(`Expected a picture as the mask, but ${file.name} cannot be read. Choose a PNG or JPEG.`, 'mask');
  }
}

for (const button of element.querySelectorAll('[data-mask]')) {
  button.addEventListener('click', () => { if (scene) maskTools[button.dataset.mask](); });
}
for (const mode of ['brush', 'eraser']) {
  find(`.${mode}`).addEventListener('click', () => {
    brush.mode = brush.mode === mode ? '' : mode;
    for (const other of ['brush', 'eraser']) find(`.${other}`).setAttribute('aria-pressed', brush.mode === other);
    canvas.classList.toggle('painting', brush.active);
    redraw();
  });
}
find('.mask-file').addEventListener('change', (event) => {
  const [file] = event.target.files;
  event.target.value = '';
  if (file) readMaskFile(file);
});
for (const name of ['.show-mask', '.size', '.softness', '.strength']) find(name).addEventListener('input', redraw);

find('.outside button').addEventListener('click', () => { base = null; stir(); });

// ---- view and options

const tools = attachGestures({ view, canvas, wipe: () => 0, setWipe: () => {}, moved });
for (const button of element.querySelectorAll('button[data-tool]')) {
  if (!tools[button.dataset.tool]) continue;
  button.addEventListener('click', () => { if (scene) { tools[button.dataset.tool](); moved(); } });
}
find('[data-tool="reset"]').addEventListener('click', () => {
  if (!scene) return;
  maskTools.off();
  adopt({ ...scene, mix: null, base: null, png: null });
  openBoard(board.region);
  settle();
});
onHold(find('[data-tool="original"]'), 'o', setOriginal);
find('.beyond').addEventListener('change', (event) => {
  beyond = event.target.checked;
  find('.warning').hidden = !beyond && !tasks;
  if (!beyond && !tasks && !plain(shares)) setShares(clamped(shares));
  if (board) openBoard(board.region);
});
find('.tasks').addEventListener('change', (event) => {
  tasks = event.target.checked;
  if (!tasks && !beyond && !plain(shares)) setShares(clamped(shares));
  find('.warning').hidden = !beyond && !tasks;
  if (board) openBoard(board.region);
});

// The nearest mix between the ends.
function clamped(of) {
  const kept = of.map((share) => Math.max(0, share));
  const sum = kept.reduce((total, share) => total + share, 0);
  return kept.map((share) => share / sum);
}

// ---- panels

function openPanel(name) {
  panel = panel === name ? '' : name;
  for (const head of element.querySelectorAll('.heads button')) head.setAttribute('aria-selected', head.dataset.panel === panel);
  for (const body of element.querySelectorAll('.panel')) body.hidden = body.dataset.panel !== panel;
  canvas.classList.toggle('painting', brush.active);
  redraw();
  if (panel === 'compare') showComparison();
}
for (const head of element.querySelectorAll('.heads button')) head.addEventListener('click', () => openPanel(head.dataset.panel));
find('button.measure').addEventListener('click', async () => {
  if (!board) return;
  if (scene.labels.length !== 2) { say('The curve needs two networks: it runs from one to the other.', 'curve'); return; }
  say(null, 'curve');
  const request = await paintedRequest([0, 1], { against: find('.against').value });
  if (request) tradeoff.measure(request, shares[1], painting());
});

// ---- files

attachFiles('#desk-picture', (files) => {
  const pictures = picturesOf(files);
  handOver(pictures.length ? '#desk-picture' : '#desk-files', pictures.length ? pictures.slice(0, 1) : files);
});
attachSize(look);
watch('value', () => openScene(props.value));
openScene(props.value);
