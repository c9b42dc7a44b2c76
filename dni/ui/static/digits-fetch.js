// Where MNIST is not on the server's machine it is fetched there, and the walls change when it has come.

const POLL_MS = 500;
let following = false;
let followed = '';  // the digits that were on the walls when it was asked last

const fetchLine = new Line('fetch', (reply) => {
  if (reply.error) { say(reply.error); following = false; return; }
  const box = find('.fetching');
  const busy = reply.state === 'fetching';
  box.hidden = reply.state === 'there';
  box.dataset.state = reply.state;
  box.querySelector('progress').hidden = !busy;
  box.querySelector('progress').value = reply.share;
  box.querySelector('.fetch').hidden = busy;
  box.querySelector('.fetch').textContent = reply.state === 'offline' ? 'Fetch MNIST' : 'Fetch MNIST again';
  box.querySelector('.fetching-text').textContent = busy ? `Fetching MNIST: ${percent(reply.share)}` : reply.text;
  following = busy;
  if (busy) setTimeout(() => fetchLine.ask({}), POLL_MS);
  if (reply.state === 'there') openDesk();
});

function followFetch() {
  if (following || followed === shown.serial) return;
  followed = shown.serial;
  following = true;
  fetchLine.ask({});
}

find('.fetch').addEventListener('click', () => { following = true; fetchLine.ask({ again: true }); });
