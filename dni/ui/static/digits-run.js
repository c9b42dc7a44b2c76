// The scrubber over DANN's training: the feature map at each snapshot, and what was measured there.

const MEASURES = [
  { name: 'MNIST', key: 'mnist', colour: '--d0', dash: DASHES[0] },
  { name: 'MNIST-M', key: 'mnist_m', colour: '--d1', dash: DASHES[1] },
  { name: 'domains told apart', key: 'domain_accuracy', colour: '--d2', dash: DASHES[2] },
  { name: 'A-distance / 2', key: 'a_distance', colour: '--d3', dash: DASHES[3] },
  { name: 'reversal', key: 'reversal', colour: '--d4', dash: DASHES[4] },
];
const runBox = find('.run');
const runSlider = runBox.querySelector('.progress input');

let run = null;  // { map, measures, last }

const runMap = new FeatureMap(runBox.querySelector('canvas.map'), drawRun);
const runChart = new Chart(runBox.querySelector('canvas.measures'), {
  lines: MEASURES,
  ticks: [[0, 'start'], [0.5, 'half'], [1, 'end of training']],
  pick: (share) => { runSlider.value = share; drawRun(); },
  redraw: drawRun,
});
const runValues = makeLegend(runBox.querySelector('.legend'), MEASURES);

const runLine = new Line('run', (reply) => {
  if (reply.error) { say(reply.error); return; }
  runBox.querySelector('.note').textContent = reply.note;
  const last = reply.iterations[reply.iterations.length - 1];
  const points = reply.iterations.map((iteration) => iteration / last);
  run = { last, map: points.length ? new Series(points, positionsOf(reply.positions)) : null, measures: null };
  if (reply.metrics.length) {
    const row = (entry) => MEASURES.map(({ key }) => (key === 'a_distance' ? entry[key] / 2 : entry[key]));
    run.measures = new Series(reply.metrics.map((entry) => entry.iteration / last), reply.metrics.flatMap(row));
    runChart.open(run.measures.points, MEASURES.map((_, n) => run.measures.column(n)));
  }
  runChart.note = 'not measured';
  runMap.labels = reply.labels;
  runBox.dataset.there = points.length;
  drawRun();
});

function drawRun() {
  const at = Number(runSlider.value);
  const output = runBox.querySelector('.progress output');
  output.textContent = run?.map ? `iteration ${Math.round(at * run.last).toLocaleString('en')}` : '';
  if (run?.map) runMap.draw(run.map.at(at));
  runChart.draw(at);
  const row = run?.measures?.at(at);
  runValues.forEach((value, n) => { value.textContent = row ? row[n].toFixed(2) : ''; });
}

runSlider.addEventListener('input', () => requestAnimationFrame(drawRun));
runBox.addEventListener('toggle', () => { if (runBox.open && !run) runLine.ask({}); });
