// Buttons, sliders and keys around the canvas, and pictures dropped or pasted on the page.

const SNAPS = [0, 0.5, 1];
const SNAP_WITHIN = 0.016;
const TOLD_MS = 1500;

let pointerOnSlider = false;

function setWipe(fraction) {
  wipe = fraction;
  wipeSlider.value = Math.round(fraction * 100);
  redraw();
}

// ---- buttons

// The clipboard needs a secure page and a permission; the old way needs neither.
async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way, then */ }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

const tools = attachGestures({ view, canvas, wipe: () => wipe, setWipe, moved });
const extras = {
  reset: () => { slider.value = 0.5; setAlpha(0.5); settle(); },
  link: async (button) => {
    report();
    if (!await copy(window.location.href)) { say(`Copy this link: ${window.location.href}`, 'link'); return; }
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy link'; }, TOLD_MS);
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

// ---- hold: original

onHold(find('[data-tool="original"]'), 'o', setOriginal);

// ---- sliders

slider.addEventListener('pointerdown', () => { pointerOnSlider = true; });
for (const name of ['pointerup', 'pointercancel']) window.addEventListener(name, () => { pointerOnSlider = false; });
slider.addEventListener('input', () => {
  let value = Number(slider.value);
  if (pointerOnSlider) {
    const snap = SNAPS.find((point) => Math.abs(point - value) < SNAP_WITHIN);
    if (snap !== undefined) { value = snap; slider.value = snap; }
  }
  setAlpha(value);
});
slider.addEventListener('change', settle);
wipeSlider.addEventListener('input', () => setWipe(Number(wipeSlider.value) / 100));

// ---- own pictures: what is dropped on the viewer or pasted on the page goes into the upload box

attachFiles('#own-picture', (files) => handOver('#own-picture', picturesOf(files).slice(0, 1)));
attachSize(moved);
watch('value', () => openScene(props.value));
openScene(props.value);
