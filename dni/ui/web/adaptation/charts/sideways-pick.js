// @ts-check
// Picks a place along a canvas: by a click, or while mouse or finger are dragged sideways.

/** In CSS pixels: less is a click. */
const LEAST_DRAG = 4;

/**
 * A press alone picks nothing, since a swipe that scrolls the page begins with one.
 * @param {HTMLCanvasElement} canvas
 * @param {(event: MouseEvent) => void} pick
 */
export function attachSidewaysPick(canvas, pick) {
  /** @type {PointerEvent | null} */
  let pressed = null;
  let isDragged = false;
  canvas.classList.add('pickable');
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    pressed = event;
    isDragged = false;
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pressed?.pointerId) return;
    const [across, down] = [event.clientX - pressed.clientX, event.clientY - pressed.clientY].map(Math.abs);
    isDragged ||= across >= LEAST_DRAG && across > down;
    if (isDragged) pick(event);
  });
  for (const name of /** @type {const} */ (['pointerup', 'pointercancel'])) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId === pressed?.pointerId) pressed = null;
    });
  }
  canvas.addEventListener('click', pick);
}
