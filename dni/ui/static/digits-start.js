// The first look: nothing is asked for before the tab is shown.

readPalette();
listPictures();
// Gradio puts the theme on the body.
new MutationObserver(() => { readPalette(); redraw(); drawRun(); }).observe(document.body, { attributes: true, attributeFilter: ['class'] });

const opening = new ResizeObserver(() => {
  if (!section.clientWidth) return;
  opening.disconnect();
  openDesk();
});
opening.observe(section);

watch('value', () => {
  const change = props.value ?? {};
  if (change.method) { Object.assign(state, { method: change.method, title: change.title }); stir(); openDesk(); }
  if (change.session) state.session = change.session;
  if (change.token) addPicture(change.token, change.picture);
});
