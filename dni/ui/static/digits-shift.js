// The picture behind the digits, how strongly it is faded in, and the digit that somebody draws.

const strengthSlider = find('.strength input');
const pictures = find('.pictures');
const readings = ['source only', '', ''].map((title) => {
  const column = document.createElement('div');
  const head = document.createElement('h4');
  const list = document.createElement('ul');
  column.className = 'reading';
  list.className = 'bars';
  head.textContent = title;
  column.append(head, list);
  find('.readings').append(column);
  return { head, bars: new Bars(list) };
});
const STRENGTH_LINES = [
  { name: 'source only', colour: '--d1', dash: DASHES[1] },
  { name: 'blend', colour: '--d4', dash: DASHES[0] },
  { name: 'adapted', colour: '--d2', dash: DASHES[2] },
];

let drawn = null;      // what the networks make of the drawn digit, at the 21 alphas
let strengths = null;  // accuracy along the strength, and for what it was asked

// ---- the picture

function choosePicture(token) {
  state.token = token;
  stir();
  openDesk();
}

function listPictures() {
  pictures.replaceChildren(...state.pictures.map(([token, title]) => new Option(title, token)));
  pictures.value = state.token;
}

// One's own picture takes the place of the last one, which the server no longer holds.
function addPicture(token, name) {
  const examples = props.start.pictures;
  state.pictures = [...examples, [token, name]];
  choosePicture(token);
  listPictures();
}

function hand(files) {
  const input = document.querySelector('#digits-picture input[type="file"]');
  if (!input || !files.length) return;
  const transfer = new DataTransfer();
  transfer.items.add(files[0]);
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

const shift = find('.shift');
pictures.addEventListener('change', () => choosePicture(pictures.value));
find('.upload').addEventListener('click', () => document.querySelector('#digits-picture input[type="file"]')?.click());
shift.addEventListener('dragover', (event) => event.preventDefault());
shift.addEventListener('drop', (event) => { event.preventDefault(); hand(event.dataTransfer.files); });

// ---- the strength

function setStrength(share) {
  state.strength = share;
  strengthSlider.value = Math.round(100 * share);
  find('.strength output').textContent = percent(share);
  stir();
  openDesk();
}
strengthSlider.addEventListener('input', () => setStrength(Number(strengthSlider.value) / 100));

const strengthChart = new Chart(find('canvas.strengths'), {
  lines: STRENGTH_LINES,
  ticks: [[0, 'no picture'], [0.5, 'half'], [1, 'full strength']],
  pick: (share) => { const value = Math.round(100 * share) / 100; if (value !== state.strength) setStrength(value); },
  redraw: () => { redraw(); askRest(); },
});
const strengthValues = makeLegend(shift.querySelector('.legend'), STRENGTH_LINES);
const strengthTitles = [...shift.querySelectorAll('.legend span')];

const strengthsLine = new Line('strengths', (reply, asked) => {
  if (!shown || !sameMethod(asked, shown) || !isGood(reply)) return;
  const rows = ['source', 'blend', 'adapted'].map((name) => reply.accuracy[name]);
  strengths = { ...asked, serial: reply.serial, rows: rows.map((row) => new Series(reply.strengths, row)) };
  strengthChart.open(reply.strengths, rows);
  redraw();
});

const areStrengthsGood = () => strengths && sameMethod(strengths, shown) && strengths.serial === shown.serial;

function askStrengths() {
  if (!strengthChart.surface.seen || (areStrengthsGood() && strengths.alpha === state.alpha)) return;
  if (strengths && !areStrengthsGood()) { strengths = null; strengthChart.open([], []); }
  strengthsLine.ask({ method: shown.method, alpha: state.alpha, token: shown.token });
}

function drawShift() {
  strengthChart.draw(state.strength);
  const good = shown && areStrengthsGood();
  strengthTitles[1].textContent = good ? `blend at ${strengths.alpha.toFixed(2)}` : 'blend';
  strengthTitles[2].textContent = shown ? shown.title : 'adapted';
  strengthValues.forEach((value, n) => { value.textContent = good ? percent(strengths.rows[n].at(state.strength)[0]) : '…'; });
}

// ---- the drawn digit

const pad = new Pad(find('canvas.pad'), predict);
const composed = find('canvas.composed').getContext('2d');

const drawLine = new Line('draw', (reply, asked) => {
  if (!sameMethod(asked, state)) return;
  if (reply.error) { say(reply.error); return; }
  if (!pad.strokes.length) return;
  drawn = new Series(shown.alphas, sharesOf(reply.probs));
  composed.putImageData(imageOf(composed, bytesOf(reply.pixels), 0), 0, 0);
  section.dataset.readings = Number(section.dataset.readings ?? 0) + 1;
  redraw();
});

function predict() {
  find('.hint').hidden = pad.strokes.length > 0;
  const ink = shown ? pad.ink() : null;
  if (!ink) {
    drawn = null;
    composed.clearRect(0, 0, DIGIT, DIGIT);
    redraw();
    return;
  }
  const colour = [1, 3, 5].map((from) => parseInt(pad.colour.slice(from, from + 2), 16));
  drawLine.ask({ ...wanted(), ink: base64Of(ink), colour });
}

function drawReadings() {
  readings[1].head.textContent = `blend at ${state.alpha.toFixed(2)}`;
  readings[2].head.textContent = shown ? shown.title : 'adapted';
  [0, state.alpha, 1].forEach((alpha, n) => readings[n].bars.show(drawn ? drawn.at(alpha) : null));
}

find('.clear').addEventListener('click', () => pad.clear());
find('.drawn input').addEventListener('input', (event) => pad.paint(event.target.value));
