// Ten probabilities as bars, one for each class.

class Bars {
  constructor(list) {
    this.items = Array.from({ length: CLASSES }, (_, digit) => {
      const item = document.createElement('li');
      const [name, bar, fill, value] = ['span', 'i', 'u', 'em'].map((tag) => document.createElement(tag));
      name.textContent = digit;
      bar.append(fill);
      item.append(name, bar, value);
      list.append(item);
      return { item, fill, value };
    });
  }

  show(shares, offset = 0) {
    const winner = shares ? best(shares, offset) : -1;
    this.items.forEach(({ item, fill, value }, digit) => {
      const share = shares ? shares[offset + digit] : 0;
      item.classList.toggle('winner', digit === winner);
      fill.style.transform = `scaleX(${share.toFixed(3)})`;
      value.textContent = shares ? percent(share) : '';
    });
  }
}
