// The space of mixes that a control covers: a line for two ends, a triangle for three, a square for four, and
// sliders without a picture of the space for more. A space has nodes, whose frames are fetched ahead, and
// knows which nodes surround a mix and with which weights. Pure arithmetic.

const LINE_STEPS = 10;
const PAD_STEPS = 4;
const NEAR = 1e-6;
// How far beyond the ends one may go, where that is asked for.
const BEYOND = 0.5;

const keyOf = (shares) => shares.map((share) => (Math.abs(share) < 5e-5 ? 0 : share).toFixed(4)).join(' ');
const unit = (size, index) => Array.from({ length: size }, (_, i) => (i === index ? 1 : 0));
const plain = (shares) => shares.every((share) => share >= -NEAR && share <= 1 + NEAR);

// From the cell that holds `value` on a scale of `steps`: the index below, and how far it is to the next.
function cell(value, steps) {
  const at = Math.min(steps, Math.max(0, value * steps));
  const low = Math.min(steps - 1, Math.floor(at + NEAR));
  return { low, part: Math.min(1, Math.max(0, at - low)) };
}

class LineSpace {
  kind = 'line';
  nodes = Array.from({ length: LINE_STEPS + 1 }, (_, i) => [1 - i / LINE_STEPS, i / LINE_STEPS]);

  around(shares) {
    const { low, part } = cell(shares[1], LINE_STEPS);
    return [[this.nodes[low], 1 - part], [this.nodes[low + 1], part]];
  }
}

class TriangleSpace {
  kind = 'triangle';

  constructor() {
    this.nodes = [];
    for (let a = 0; a <= PAD_STEPS; a++) {
      for (let b = 0; a + b <= PAD_STEPS; b++) this.nodes.push(this.node(a, b, PAD_STEPS - a - b));
    }
  }

  node(...steps) { return steps.map((step) => step / PAD_STEPS); }

  // The plane is cut into small triangles that point up or down; the weights are barycentric in them.
  around(shares) {
    const at = shares.map((share) => share * PAD_STEPS);
    const low = at.map((value) => Math.floor(value + NEAR));
    const part = at.map((value, i) => Math.max(0, value - low[i]));
    const missing = PAD_STEPS - low.reduce((sum, value) => sum + value, 0);
    if (missing <= 0) return [[this.node(...low), 1]];
    return [0, 1, 2].map((corner) => {
      const up = missing === 1;
      const steps = low.map((value, i) => value + ((i === corner) === up ? 1 : 0));
      return [this.node(...steps), up ? part[corner] : 1 - part[corner]];
    });
  }

  // The pad is a triangle with the first end on top; x and y run from 0 to 1 inside its box.
  at(shares) { return { x: shares[0] / 2 + shares[2], y: 1 - shares[0] }; }

  shares({ x, y }) {
    const first = Math.min(1, Math.max(0, 1 - y));
    const third = Math.min(1 - first, Math.max(0, x - first / 2));
    return [first, 1 - first - third, third];
  }
}

class SquareSpace {
  kind = 'square';

  constructor() {
    this.nodes = [];
    for (let row = 0; row <= PAD_STEPS; row++) {
      for (let column = 0; column <= PAD_STEPS; column++) {
        this.nodes.push(this.shares({ x: column / PAD_STEPS, y: row / PAD_STEPS }));
      }
    }
  }

  around(shares) {
    const { x, y } = this.at(shares);
    const [across, down] = [cell(x, PAD_STEPS), cell(y, PAD_STEPS)];
    const corners = [];
    for (const [i, wide] of [[0, 1 - across.part], [1, across.part]]) {
      for (const [j, high] of [[0, 1 - down.part], [1, down.part]]) {
        const node = { x: (across.low + i) / PAD_STEPS, y: (down.low + j) / PAD_STEPS };
        corners.push([this.shares(node), wide * high]);
      }
    }
    return corners;
  }

  at(shares) { return { x: shares[1] + shares[3], y: shares[2] + shares[3] }; }

  shares({ x, y }) {
    const [right, down] = [x, y].map((value) => Math.min(1, Math.max(0, value)));
    return [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down];
  }
}

class BankSpace {
  kind = 'bank';
  nodes = [];

  around() { return []; }
}

// A pad has no place for shares beyond the ends.
function spaceFor(ends, { tasks, beyond }) {
  if (tasks || (beyond && ends > 2)) return new BankSpace();
  return { 2: () => new LineSpace(), 3: () => new TriangleSpace(), 4: () => new SquareSpace() }[ends]?.() ?? new BankSpace();
}

// Four decimals, with the sum 1: the largest share takes what rounding leaves, so that none gets below 0.
function rounded(shares) {
  const kept = shares.map((share) => Math.round(share * 1e4) / 1e4);
  const largest = kept.indexOf(Math.max(...kept));
  const rest = kept.reduce((sum, share, i) => sum + (i === largest ? 0 : share), 0);
  return kept.map((share, i) => (i === largest ? Math.round((1 - rest) * 1e4) / 1e4 : share));
}

// One share is set, and the others keep their proportions, so that the sum stays 1.
function withShare(shares, index, share) {
  const rest = shares.reduce((sum, value, i) => sum + (i === index ? 0 : value), 0);
  return shares.map((value, i) => {
    if (i === index) return share;
    return rest > NEAR ? (value * (1 - share)) / rest : (1 - share) / (shares.length - 1);
  });
}

// Task arithmetic: the first end plus multiples of the others' differences from it.
const taskShares = (scales) => [1 - scales.reduce((sum, scale) => sum + scale, 0), ...scales];
