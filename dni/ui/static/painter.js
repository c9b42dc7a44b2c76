// Draws a strip at an alpha onto the canvas: cross-fade, comparison with bicubic, outline of the live part.

class Painter {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
    this.context = canvas.getContext('2d');
    this.overview = null;
  }

  // What is shown: 'exact', 'preview' or 'waiting'.
  draw({ strip, alpha, wipe, original }) {
    const { canvas, context, view } = this;
    context.globalAlpha = 1;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!view.scene || !canvas.width) return 'waiting';
    const enlarged = view.zoom * view.ratio;
    context.imageSmoothingEnabled = enlarged < 3;
    context.imageSmoothingQuality = 'high';
    if (this.overview) this.image(this.overview, view.place(view.everything));
    if (!strip) return 'waiting';
    const place = view.place(strip.region);
    if (strip.before) this.image(strip.before, place);
    const state = original ? 'waiting' : this.fade(strip, alpha, place);
    if (wipe > 0 && strip.before && !original) this.wipe(strip, place, wipe);
    if (!contains(strip.region, view.visible())) this.outline(place);
    return state;
  }

  image(bitmap, { x, y, width, height }) {
    this.context.drawImage(bitmap, x, y, width, height);
  }

  fade(strip, alpha, place) {
    const { low, high } = strip.around(alpha);
    const nearest = low ?? high;
    if (nearest === null) return 'waiting';
    this.image(strip.frames.get(nearest), place);
    if (low === high) return 'exact';
    if (low === null || high === null) return 'waiting';
    this.context.globalAlpha = (alpha - low) / (high - low);
    this.image(strip.frames.get(high), place);
    this.context.globalAlpha = 1;
    return strip.covers(alpha) ? 'preview' : 'waiting';
  }

  // Left of the divider the comparison, right of it the blend.
  wipe(strip, place, fraction) {
    const { canvas, context, view } = this;
    const x = Math.round(view.dividerAt(fraction) * view.ratio);
    context.save();
    context.beginPath();
    context.rect(0, 0, x, canvas.height);
    context.clip();
    this.image(strip.before, place);
    context.restore();
    context.fillStyle = '#fff';
    context.fillRect(x - view.ratio, 0, 2 * view.ratio, canvas.height);
    context.strokeStyle = 'rgba(0, 0, 0, 0.45)';
    context.lineWidth = view.ratio;
    context.strokeRect(x - 1.5 * view.ratio, -2, 3 * view.ratio, canvas.height + 4);
    context.beginPath();
    context.arc(x, canvas.height / 2, 9 * view.ratio, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    const bottom = canvas.height - 8 * view.ratio;
    this.label('bicubic', { right: x - 8 * view.ratio, bottom });
    this.label('blend', { left: x + 8 * view.ratio, bottom });
  }

  label(text, { left, right, bottom }) {
    const { context, view } = this;
    context.font = `${12 * view.ratio}px system-ui, sans-serif`;
    const width = context.measureText(text).width + 10 * view.ratio;
    const height = 20 * view.ratio;
    const top = bottom - height;
    left ??= right - width;
    context.fillStyle = 'rgba(20, 20, 24, 0.72)';
    context.fillRect(left, top, width, height);
    context.fillStyle = '#fff';
    context.textBaseline = 'middle';
    context.fillText(text, left + 5 * view.ratio, top + height / 2);
  }

  outline({ x, y, width, height }) {
    const { context, view } = this;
    context.strokeStyle = '#fff';
    context.lineWidth = 3 * view.ratio;
    context.strokeRect(x, y, width, height);
    context.strokeStyle = '#333';
    context.lineWidth = view.ratio;
    context.setLineDash([6 * view.ratio, 4 * view.ratio]);
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
    this.label('live part', { right: x + width - 4 * view.ratio, bottom: y + height - 4 * view.ratio });
  }
}
