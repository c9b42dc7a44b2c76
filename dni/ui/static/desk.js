// The mixing desk. As in the viewer of the effects tab, the server renders a frame for anything it is asked
// for, and everything that is "current" lives here: which networks, which mix of them, in which layers, and
// where in the picture.

const SETTLE_MS = 150;
const MOVING_MS = 300;
const LAYERS_MS = 120;
const REGION_MS = 200;

const canvas = find('canvas.picture');
const view = new View(canvas);
const painter = new DeskPainter(canvas, view);

const past = new Set();      // serials of the scenes that were here: an answer that comes late holds one
let board = null;
let base = null;             // the mix outside of the mask, where that is not the first end
let shares = [0.5, 0.5];
let tasks = false;
let beyond = false;
let resting = true;
let timing = '';
let settleTimer = 0;
let movingTimer = 0;
let layersTimer = 0;
let staleLayers = false;     // the board is of the layers before
let regionTimer = 0;
let movedAt = 0;
let flights = new Map();     // key -> whether somebody waits for it
let panel = '';
let framed = null;           // the part of a recipe, until the view is moved
let hover = null;            // where the brush is, in CSS pixels of the canvas

const mask = new Mask();
const preview = new PaintedPreview();
const sent = { version: -1, id: null, asking: null };  // the mask as the server has it

const mixer = new MixControl(find('.mixer'), { change: setShares, rest: settle });
const curve = new LayerCurve(find('[data-panel="layers"].panel'), layersChanged);
const compare = new ComparePanel(find('[data-panel="compare"].panel'));
const tradeoff = new CurvePanel(find('[data-panel="curve"].panel'), goTo);

// ---- what the server is asked

const mixOf = (of) => ({ shares: of, groups: curve.groups(of), extrapolate: beyond || !plain(of) });
const requestFor = (owner, of, more = {}) => ({ token: scene.token, pair: scene.pair, region: owner.region, mix: mixOf(of), session: scene.session, ...more });
const brushed = () => ({ mask: sent.id, base, levels: scene.levels ?? null });
const maskKey = () => `${keyOf(shares)} ${mask.version} ${base ? 'base' : ''}`;

// What to ask for next: { shares, wanted } and what else it is of, `masked` or `outside` of the mask; or null.
function choose() {
  const waited = [...flights.values()].some((wanted) => wanted);
  if (!waited) {
    if (mask.on && resting && !board.masked.has(maskKey()) && sent.version === mask.version) return { shares, wanted: true, masked: true };
    if (mask.on && base && !board.outside) return { shares: base.shares, wanted: true, outside: true };
    const unknown = !board.has(shares) && (resting || board.mixture(shares).state === 'waiting');
    if (unknown && !(mask.on && board.space.kind === 'line')) return { shares, wanted: true };
  }
  if (flights.size || performance.now() - movedAt < MOVING_MS) return null;
  const node = board.missing(shares)[0];
  return node ? { shares: node, wanted: false } : null;
}

function pump() {
  if (!board || board.failed) return;
  if (mask.on && resting && sent.version !== mask.version) sendMask();
  const next = choose();
  if (next) fetchFrame(board, next);
}

async function fetchFrame(owner, { shares: of, wanted, masked, outside }) {
  const own = flights;
  const key = outside ? 'outside' : masked ? maskKey() : keyOf(of);
  const asked = performance.now();
  own.set(key, wanted);
  const reply = await ask('frame', requestFor(owner, of, { rank: wanted ? 'live' : 'ahead', ...(masked && brushed()), ...(outside && { mix: base }) }));
  const bitmap = reply.error || reply.dropped ? null : await decode(reply.jpeg).catch(() => null);
  own.delete(key);
  if (owner.closed || owner !== board) { bitmap?.close(); return; }
  if (reply.dropped) { pump(); return; }
  if (!bitmap) {
    owner.failed = true;
    say(reply.error ?? 'A frame arrived damaged. Move the control to try again.', 'frame');
    redraw();
    return;
  }
  say(null, 'frame');
  if (masked) owner.addMasked(key, bitmap); else if (outside) owner.outside = bitmap; else owner.add(of, bitmap);
  timing = timeTaken(reply.milliseconds, performance.now() - asked);
  forgetBefore();
  canvas.dataset.frames = owner.frames.size;
  canvas.dataset.missing = owner.missing(shares).length;
  redraw();
  pump();
}

function sendMask() {
  sent.asking ??= putMask();
  return sent.asking;
}

async function putMask() {
  const { version } = mask;
  const reply = await ask('mask', { token: scene.token, png: await mask.png(), session: scene.session });
  sent.asking = null;
  if (reply.error) { say(reply.error, 'mask'); if (board) board.failed = true; return; }
  say(null, 'mask');
  Object.assign(sent, { version, id: reply.mask });
  report();
  pump();
}

// A request with what is painted, once the server has it; null if it cannot have it.
async function paintedRequest(of, more = {}) {
  while (mask.on && sent.version !== mask.version) {
    const { version } = sent;
    await sendMask();
    if (sent.version === version) return null;
  }
  return board && requestFor(board, of, { ...(mask.on && brushed()), ...more });
}

// What a measured curve depends on, but for the layers: a change of those opens a new board.
const painting = () => (mask.on ? `${mask.version} ${base ? 'base' : ''}` : '');

async function showComparison() {
  const request = await paintedRequest(shares);
  if (request && panel === 'compare') compare.show(request);
}

// ---- scenes, regions and boards

function openBoard(region) {
  retire(board);
  staleLayers = false;
  board = new Board(scene, region, spaceFor(scene.labels.length, { tasks, beyond }), { ...curve.own });
  flights = new Map();
  fetchBefore(board);
  mixer.open(board.space, scene.labels, { beyond, tasks });
  mixer.show(shares);
  tradeoff.clear();
  report();
  pump();
}

function openScene(next) {
  if (!next?.token) return;
  if (next.serial === scene?.serial) { learn(next); return; }
  if (past.has(next.serial)) { report(); return; }
  past.add(next.serial);
  const newPicture = next.token !== scene?.token;
  const newNetworks = next.pair !== scene?.pair;
  scene = next;
  say(null, 'frame');
  if (newPicture) { forget(board); board = null; mask.open(scene); }
  if (newNetworks) curve.open(scene.groups);
  if (newNetworks || next.mix) adopt(next);
  place(newPicture);
  framed = next.crop ?? null;
  if (framed) view.show(framed); else if (next.mix) view.open(scene);
  // What came of a recipe is on the desk now.
  scene = { ...next, mix: null, base: null, png: null, crop: null };
  openBoard(view.region(null));
  settle();
}

// The mix that comes with a recipe, or the middle of new networks.
function adopt({ labels, groups, mix, base: outside, png }) {
  base = outside ?? null;
  shares = mix?.shares ?? labels.map(() => 1 / labels.length);
  tasks = false;
  beyond = mix?.extrapolate ?? false;
  find('.tasks').checked = false;
  find('.beyond').checked = beyond;
  find('.warning').hidden = !beyond;
  curve.open(groups, mix?.layers ?? {});
  if (mix && mask.on) { mask.on = false; canvas.dataset.mask = ''; }
  if (png) importMask(png);
}

// The very mask, at its own size: a recipe's, or one that the server made.
async function importMask(png) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  await mask.take(new Blob([bytes], { type: 'image/png' }));
  useMask();
}

// What became known of the networks on screen: the verdict's correlations.
function learn(next) {
  if (JSON.stringify(next.groups) === JSON.stringify(scene.groups)) return;
  scene = { ...scene, groups: next.groups };
  curve.open(scene.groups, curve.own);
  report();  // the answer holds the mix of when it was asked for
}

function moved() {
  framed = null;
  look();
}

function look() {
  redraw();
  clearTimeout(regionTimer);
  regionTimer = setTimeout(() => {
    if (!scene) return;
    const region = view.region(board?.region);
    if (!board || !sameRegion(region, board.region)) openBoard(region); else report();
  }, REGION_MS);
}

// ---- the mix

function setShares(next) {
  shares = rounded(next);
  stir();
  mixer.show(shares);
}

function stir() {
  movedAt = performance.now();
  resting = false;
  if (board) board.failed = false;
  clearTimeout(settleTimer);
  settleTimer = setTimeout(settle, SETTLE_MS);
  clearTimeout(movingTimer);
  movingTimer = setTimeout(pump, MOVING_MS + 10);
  redraw();
  pump();
}

function settle() {
  resting = true;
  clearTimeout(settleTimer);
  report();
  redraw();
  pump();
  if (panel === 'compare') showComparison();
  tradeoff.draw(shares[1], painting());
}

// A new board at once, and while the curve is drawn on no more than one in so long.
function layersChanged() {
  staleLayers = true;
  if (!layersTimer) renewLayers();
  stir();
}

function renewLayers() {
  layersTimer = 0;
  if (!staleLayers || !board) return;
  layersTimer = setTimeout(renewLayers, LAYERS_MS);
  openBoard(board.region);
}

function goTo(alpha) {
  setShares([1 - alpha, alpha]);
  settle();
}

// Tell Python where we are.
function report() {
  if (!scene) return;
  const known = mask.on && sent.version === mask.version;
  props.value = { ...scene, mix: { ...mixOf(shares), layers: curve.own }, base, mask: known ? sent.id : null, region: board?.region ?? null, seen: framed ?? view.visible() };
}

// ---- drawing

function draw() {
  drawQueued = false;
  const visible = drawn(board);
  const painted = mask.on && visible && { key: maskKey(), base, compose: () => preview.compose(visible, mask, shares[1]), get opacity() { return mask.veil; } };
  const mix = { shares, painted, overlay: panel === 'paint' && find('.show-mask').checked ? mask.veil : null };
  const state = painter.draw({ strip: visible, alpha: mix, wipe: 0, original });
  if (hover && panel === 'paint' && brush.active) painter.outlineBrush({ ...hover, radius: brush.radius * view.zoom * (scene?.scale ?? 1) });
  find('.readout').textContent = scene ? `${scene.labels.length === 2 ? `alpha ${shares[1].toFixed(2)}` : `${scene.labels.length} networks`}${timing && ` · ${timing}`}` : '';
  showOutside();
  canvas.dataset.shares = keyOf(shares);
  showState(visible === board && !staleLayers ? state : 'waiting', board?.failed);
}

// A recipe may have another mix than the first end outside of the mask; here it can only be taken away.
function showOutside() {
  const shown = Boolean(mask.on && base);
  find('.outside').hidden = !shown;
  find('.elsewhere').hidden = shown;
  if (!shown) return;
  find('.outside-words').textContent = `Outside the mask: ${inWords(base, scene.labels)}`;
  find('.outside button').textContent = `Back to ${scene.labels[0]}`;
}
