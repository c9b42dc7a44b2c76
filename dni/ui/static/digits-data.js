// Numbers from the server: decoding, and interpolation between the points where they are known. Nothing draws.

const CLASSES = 10;
const WALL = 40;

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const sharesOf = (base64) => Float32Array.from(bytesOf(base64), (byte) => byte / 255);
// Positions come as little-endian 16-bit words, from -1 to 1.
function positionsOf(base64) {
  const bytes = bytesOf(base64);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true) / 32767);
}
function base64Of(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;

// Rows of numbers, one for each of the increasing `points`; `at` gives the row in between.
class Series {
  constructor(points, values) {
    this.points = points;
    this.values = values;
    this.size = values.length / points.length;
    this.row = new Float32Array(this.size);
  }

  // The row is only good until the next call.
  at(point) {
    const { points, values, size, row } = this;
    let high = points.findIndex((known) => known >= point);
    if (high < 0) high = points.length - 1;
    const low = Math.max(0, points[high] === point ? high : high - 1);
    const share = low === high ? 0 : (point - points[low]) / (points[high] - points[low]);
    for (let n = 0; n < size; n++) row[n] = (1 - share) * values[low * size + n] + share * values[high * size + n];
    return row;
  }

  column(number) { return this.points.map((_, index) => this.values[index * this.size + number]); }
}

// The most likely class of ten probabilities that start at `offset`.
function best(shares, offset) {
  let winner = 0;
  for (let n = 1; n < CLASSES; n++) if (shares[offset + n] > shares[offset + winner]) winner = n;
  return winner;
}
