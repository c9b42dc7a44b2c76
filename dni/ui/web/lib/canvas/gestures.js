// @ts-check
// Mouse, touch, wheel and keyboard on the canvas, turned into pan, zoom and wipe.

/** @typedef {import('./view.js').View} View */
/** @typedef {{ x: number, y: number }} Point in CSS pixels of the canvas */
/** @typedef {{ in: () => void, out: () => void, actual: () => void, fit: () => void }} ViewTools */

/**
 * @typedef {object} GestureOptions
 * @property {View} view
 * @property {HTMLCanvasElement} canvas
 * @property {() => void} moved called after each change of the view
 * @property {() => number} [wipe] where the comparison's divider is, from 0 (off) to 1
 * @property {(fraction: number) => void} [setWipe]
 */

const WIPE_GRIP = 14;
const KEY_PAN = 60;
const KEY_ZOOM = 1.25;

/**
 * @param {GestureOptions} options
 * @returns {ViewTools} what the buttons of the view do
 */
export function attachGestures(options) {
  const { view, canvas, moved } = options;
  attachPointers(options);
  canvas.addEventListener('dblclick', (event) => {
    if (!view.picture) return;
    if (view.fitted) view.actual(pointOn(canvas, event)); else view.fit();
    moved();
  });
  canvas.addEventListener('wheel', (event) => {
    if (!view.picture) return;
    event.preventDefault();
    // Pinching on a touchpad arrives as small steps of a wheel with ctrl.
    const speed = event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.0015;
    const { x, y } = pointOn(canvas, event);
    view.zoomAt(x, y, Math.exp(-event.deltaY * speed));
    moved();
  }, { passive: false });
  const tools = viewTools(view);
  attachKeys(options, tools);
  return tools;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {MouseEvent} event
 * @returns {Point}
 */
export function pointOn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/** @param {GestureOptions} options */
function attachPointers({ view, canvas, moved, wipe = () => 0, setWipe = () => {} }) {
  /** @type {Map<number, Point>} */
  const pointers = new Map();
  let wiping = false;
  /** @param {number} x */
  const onGrip = (x) => wipe() > 0 && Math.abs(x - view.dividerAt(wipe())) < WIPE_GRIP;

  canvas.addEventListener('pointerdown', (event) => {
    if (!view.picture || event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    const point = pointOn(canvas, event);
    if (!pointers.size) wiping = onGrip(point.x);
    pointers.set(event.pointerId, point);
    canvas.classList.toggle('panning', !wiping);
  });
  canvas.addEventListener('pointermove', (event) => {
    const point = pointOn(canvas, event);
    const last = pointers.get(event.pointerId);
    if (!last) {
      canvas.classList.toggle('wiping', onGrip(point.x));
      return;
    }
    if (wiping) setWipe(view.fractionAt(point.x));
    else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) pinch(view, { last, point, other }); else view.pan(point.x - last.x, point.y - last.y);
      moved();
    }
    pointers.set(event.pointerId, point);
  });
  for (const name of /** @type {const} */ (['pointerup', 'pointercancel'])) {
    canvas.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      if (pointers.size) return;
      wiping = false;
      canvas.classList.remove('panning');
    });
  }
}

/**
 * One of two fingers moved from `last` to `point`.
 * @param {View} view
 * @param {{ last: Point, point: Point, other: Point }} fingers
 */
function pinch(view, { last, point, other }) {
  /** @param {Point} at */
  const spread = (at) => Math.hypot(at.x - other.x, at.y - other.y);
  view.zoomAt((point.x + other.x) / 2, (point.y + other.y) / 2, spread(point) / Math.max(1, spread(last)));
  view.pan((point.x - last.x) / 2, (point.y - last.y) / 2);
}

/**
 * @param {View} view
 * @returns {ViewTools}
 */
function viewTools(view) {
  /** @param {number} factor */
  const zoom = (factor) => view.zoomAt(view.width / 2, view.height / 2, factor);
  return {
    in: () => zoom(KEY_ZOOM),
    out: () => zoom(1 / KEY_ZOOM),
    actual: () => view.actual(),
    fit: () => view.fit(),
  };
}

/**
 * @param {GestureOptions} options
 * @param {ViewTools} tools
 */
function attachKeys({ view, canvas, moved }, tools) {
  /** @type {Record<string, () => void>} */
  const keys = {
    '+': tools.in,
    '=': tools.in,
    '-': tools.out,
    1: tools.actual,
    0: tools.fit,
    ArrowLeft: () => view.pan(KEY_PAN, 0),
    ArrowRight: () => view.pan(-KEY_PAN, 0),
    ArrowUp: () => view.pan(0, KEY_PAN),
    ArrowDown: () => view.pan(0, -KEY_PAN),
  };
  canvas.addEventListener('keydown', (event) => {
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (!act || !view.picture || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
    moved();
  });
}
