// Mouse, touch, wheel and keyboard on the canvas, turned into pan, zoom, wipe and "hold: original".

const WIPE_GRIP = 14;
const KEY_PAN = 60;
const KEY_ZOOM = 1.25;

// desk: { view, canvas, wipe(), setWipe(fraction), setOriginal(on), moved() }
function attachGestures(desk) {
  const { view, canvas } = desk;
  const pointers = new Map();
  let wiping = false;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const onGrip = (x) => desk.wipe() > 0 && Math.abs(x - view.dividerAt(desk.wipe())) < WIPE_GRIP;

  canvas.addEventListener('pointerdown', (event) => {
    if (!view.scene || event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    const point = at(event);
    if (!pointers.size) wiping = onGrip(point.x);
    pointers.set(event.pointerId, point);
    canvas.classList.toggle('panning', !wiping);
  });
  canvas.addEventListener('pointermove', (event) => {
    const point = at(event);
    const last = pointers.get(event.pointerId);
    if (!last) { canvas.classList.toggle('wiping', onGrip(point.x)); return; }
    if (wiping) desk.setWipe(view.fractionAt(point.x));
    else if (pointers.size === 1) { view.pan(point.x - last.x, point.y - last.y); desk.moved(); }
    else pinch(event.pointerId, last, point);
    pointers.set(event.pointerId, point);
  });
  const pinch = (id, last, point) => {
    const other = [...pointers].find(([key]) => key !== id)[1];
    const spread = (p) => Math.hypot(p.x - other.x, p.y - other.y);
    view.zoomAt((point.x + other.x) / 2, (point.y + other.y) / 2, spread(point) / Math.max(1, spread(last)));
    view.pan((point.x - last.x) / 2, (point.y - last.y) / 2);
    desk.moved();
  };
  for (const name of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      if (!pointers.size) { wiping = false; canvas.classList.remove('panning'); }
    });
  }
  canvas.addEventListener('dblclick', () => {
    if (!view.scene) return;
    if (view.fitted) view.actual(); else view.fit();
    desk.moved();
  });
  canvas.addEventListener('wheel', (event) => {
    if (!view.scene) return;
    event.preventDefault();
    const { x, y } = at(event);
    // Pinching on a touchpad arrives as small steps of a wheel with ctrl.
    const speed = event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.0015;
    view.zoomAt(x, y, Math.exp(-event.deltaY * speed));
    desk.moved();
  }, { passive: false });

  const tools = {
    in: () => view.zoomAt(view.width / 2, view.height / 2, KEY_ZOOM),
    out: () => view.zoomAt(view.width / 2, view.height / 2, 1 / KEY_ZOOM),
    actual: () => view.actual(),
    fit: () => view.fit(),
  };
  const keys = {
    '+': tools.in, '=': tools.in, '-': tools.out, 1: tools.actual, 0: tools.fit,
    ArrowLeft: () => view.pan(KEY_PAN, 0), ArrowRight: () => view.pan(-KEY_PAN, 0),
    ArrowUp: () => view.pan(0, KEY_PAN), ArrowDown: () => view.pan(0, -KEY_PAN),
  };
  canvas.addEventListener('keydown', (event) => {
    const act = keys[event.key];
    if (!act || !view.scene || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
    desk.moved();
  });
  return tools;
}
