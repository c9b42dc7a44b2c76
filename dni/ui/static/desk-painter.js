// Draws a board: the weighted mean of the frames around a mix, or the painted picture; the mask over it.

class DeskPainter extends Painter {
  constructor(canvas, view) {
    super(canvas, view);
    this.brush = null;
  }

  // Called by draw() with the mix in the place of alpha.
  fade(board, mix, place) {
    const state = mix.painted ? this.painted(board, mix, place) : this.mean(board, mix.shares, place);
    if (mix.overlay) this.tint(mix.overlay, place, board.region);
    return state;
  }

  mean(board, shares, place) {
    const { parts, state } = board.mixture(shares);
    let sum = 0;
    for (const [frame, weight] of parts) {
      sum += weight;
      this.context.globalAlpha = weight / sum;
      this.image(frame, place);
    }
    this.context.globalAlpha = 1;
    return state;
  }

  painted(board, mix, place) {
    const exact = board.masked.get(mix.painted.key);
    if (exact) { this.image(exact, place); return 'exact'; }
    const preview = mix.painted.base ? null : mix.painted.compose();
    if (preview) { this.image(preview, place); return 'preview'; }
    return this.veiled(board, mix, place);
  }

  // Where the frames between are not those of a line: the mix over what is outside, as strong as the mask.
  veiled(board, mix, place) {
    const outside = mix.painted.base ? board.outside : board.frames.get(keyOf(unit(mix.shares.length, 0)));
    if (!outside) { this.mean(board, mix.shares, place); return 'waiting'; }
    const { context, canvas } = this;
    const layer = new OffscreenCanvas(canvas.width, canvas.height);
    this.context = layer.getContext('2d');
    const state = this.mean(board, mix.shares, place);
    this.context.globalCompositeOperation = 'destination-in';
    this.stretch(mix.painted.opacity, place, board.region);
    this.context = context;
    this.image(outside, place);
    context.drawImage(layer, 0, 0);
    return state === 'waiting' ? state : 'preview';
  }

  // The part over a region of a picture of the whole.
  stretch(picture, place, region) {
    const { view } = this;
    const [across, down] = [picture.width / view.scene.width, picture.height / view.scene.height];
    this.context.drawImage(
      picture, region.left * across, region.top * down, region.width * across, region.height * down,
      place.x, place.y, place.width, place.height,
    );
  }

  // The mask is a picture of the whole picture; only its part over the live region is shown.
  tint(mask, place, region) {
    this.context.save();
    this.context.globalAlpha = 0.55;
    this.stretch(mask, place, region);
    this.context.restore();
  }

  outlineBrush({ x, y, radius }) {
    const { context, view } = this;
    const draw = (colour, width) => {
      context.strokeStyle = colour;
      context.lineWidth = width * view.ratio;
      context.beginPath();
      context.arc(x * view.ratio, y * view.ratio, radius * view.ratio, 0, 2 * Math.PI);
      context.stroke();
    };
    draw('rgba(0, 0, 0, 0.6)', 3);
    draw('#fff', 1.5);
  }
}
