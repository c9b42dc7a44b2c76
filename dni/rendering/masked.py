"""Masked rendering: one mix outside of a mask, another inside, blended parameters in between.

A mask is uint8 (H, W) over the whole picture, whatever its own size. Let m(x), in [0, 1], be its bilinear
value at the output pixel x. **The exact masked picture** has at x the pixel x of the network at the mix
``(1 - m(x)) * base + m(x) * brush``: parameters are blended, not finished pictures.

That would take one network for every value of the mask. **What is computed**: the network at a few levels
of m (:func:`dni.masks.levels.choose_levels`), each only on rectangles around the pixels that need
it, mixed at every pixel linearly between the two nearest levels. So pixels on a level are exact; between
two levels that are h apart the error is at most h^2 / 8 times the picture's second derivative along the mix,
and one 8-bit level of rounding. Measured: benchmarks/masks.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dni.blending.mix_paths import between
from dni.blending.shares import Mix
from dni.masks.levels import weights
from dni.masks.plan import SMALLEST_TILE, Canvas, Plan, TilePlan, mask_values, plan_masked
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import RenderControl
from dni.rendering.forward.network_errors import RenderError
from dni.rendering.jobs import DTYPES_OF_BITS, Bits, cut_notice, part_of
from dni.rendering.measuring.surroundings import Surroundings
from dni.rendering.renderer import MAX_OUTPUT_PIXELS, Renderer

__all__ = ["Kept", "render_masked"]

Kept = dict[tuple[Mix, Rectangle, Rectangle], Tensor]
"""What lies outside of a mask: its pixels by the mix, the place, and the window that was rendered for it.

For one picture and renderer; empty at first.
"""


def render_masked(
    renderer: Renderer,
    rgb: Tensor,
    *,
    base: Mix,
    brush: Mix,
    mask: Tensor,
    levels: int | None = None,
    crop: Rectangle | None = None,
    tile: int | None = None,
    bits: Bits = 8,
    control: RenderControl | None = None,
    kept: Kept | None = None,
) -> Tensor:
    """Run the network at ``base`` where the mask is 0, at ``brush`` where it is 255, between in between.

    Args:
        rgb: uint8 or uint16 (3, H, W) on the CPU.
        mask: uint8, any height and width; it lies over the whole picture.
        levels: K, the most steps between rendered levels, 1 to 255; 4 by default. Few values need fewer.
        crop: Only this part; it equals that part of the whole, within one 8-bit level.
        tile: Side of a tile in input pixels; 384 by default.
        bits: Per channel of the result.
        control: Progress in runs of the network, notices, cancellation, and the slots that runs are made in.
        kept: What is outside of the mask, rendered once for several calls on one picture; filled by them.

    Returns:
        uint8, or uint16 for 16 bits, (3, scale * height, scale * width) of the crop or whole, on the CPU.

    Raises:
        DniError: The picture, a mix, the mask or an option cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    control = control or RenderControl()
    check(renderer, rgb, crop)
    around = surroundings_of_masked(renderer, rgb, (base, brush), bits, control)
    # Without a brush all of the picture is at the base, in other rectangles than beside one.
    needed, own = (mask, kept) if base != brush else (torch.zeros_like(mask), None)
    canvas, plan = planned(rgb, needed, renderer.scale, around, levels=levels, crop=crop, tile=tile)
    return Job(renderer, rgb, mask, base, brush, canvas, around, plan, control, own, bits).run()


def check(renderer: Renderer, rgb: Tensor, crop: Rectangle | None) -> None:
    """Raise :class:`RenderError` for another kind of picture, or where the output is too large."""
    if rgb.dtype not in DTYPES_OF_BITS.values() or rgb.ndim != 3 or rgb.shape[0] != 3 or 0 in rgb.shape:
        raise RenderError(f"Expected uint8 of shape (3, H, W), but got {rgb.dtype} {tuple(rgb.shape)}.")
    pixels = (crop.area if crop else rgb[0].numel()) * renderer.scale**2
    if pixels > MAX_OUTPUT_PIXELS:
        raise RenderError(
            f"Expected an output of at most {MAX_OUTPUT_PIXELS / 1e6:.0f} megapixels, but it would have "
            f"{pixels / 1e6:.0f}. Crop the picture or reduce it first."
        )


def surroundings_of_masked(
    renderer: Renderer, rgb: Tensor, mixes: tuple[Mix, Mix], bits: Bits, control: RenderControl
) -> Surroundings | None:
    """What is read around each rectangle, for these mixes and what lies between them.

    None where that is the whole picture: the network sees all of it, and it fits into memory. Where it does
    not fit, a notice says what cutting it costs.
    """
    with control.slot():  # the first time, they are measured on the network
        first, second = (renderer.surroundings(mix, bits=bits) for mix in mixes)
        around = first.around(second)
        if around.is_global and rgb[0].numel() <= renderer.whole_pixels:
            return None
    if around.is_global:
        control.notify(cut_notice(renderer.network.architecture, around))
    return around


def planned(
    rgb: Tensor,
    mask: Tensor,
    scale: int,
    around: Surroundings | None,
    *,
    levels: int | None,
    crop: Rectangle | None,
    tile: int | None,
) -> tuple[Canvas, Plan]:
    """What is planned on, and the plan.

    Where every level is run on the whole picture, that is one tile, so that it is run once.
    """
    height, width = rgb.shape[1:]
    overlap = max(height, width) if around is None else around.overlap
    if around is None:
        tile = max(overlap, SMALLEST_TILE)
    canvas = Canvas(width, height, scale, overlap)
    return canvas, plan_masked(mask, canvas, levels=levels, crop=crop, tile=tile)


@dataclass(eq=False)
class Job:
    """One masked picture on its way."""

    renderer: Renderer
    rgb: Tensor
    mask: Tensor
    base: Mix
    brush: Mix
    canvas: Canvas
    around: Surroundings | None
    plan: Plan
    control: RenderControl
    kept: Kept | None
    bits: Bits
    done: int = 0

    @property
    def dtype(self) -> torch.dtype:
        """Of the result."""
        return DTYPES_OF_BITS[self.bits]

    def run(self) -> Tensor:
        """All tiles: uint8 or uint16 (3, scale * height, scale * width) of the plan's crop."""
        crop, scale = self.plan.crop, self.canvas.scale
        output = torch.empty(3, crop.height * scale, crop.width * scale, dtype=self.dtype)
        self.control.report(0, self.plan.num_parts)
        for tile in self.plan.tiles:
            tile.area.relative_to(crop).scaled(scale).cut(output).copy_(self.mixed(tile))
        return output

    def mixed(self, tile: TilePlan) -> Tensor:
        """One tile, its levels mixed: uint8 or uint16 (3, scale * height, scale * width)."""
        values = mask_values(self.mask, tile.area, self.canvas)
        total = torch.zeros(3, *values.shape)
        for index, parts in enumerate(tile.parts):
            if parts:
                mix = between(self.base, self.brush, self.plan.levels[index] / 255)
                level = self.level(mix, tile.area, parts)
                total.addcmul_(level, weights(values, self.plan.levels, index))
        # Adding a half and truncating: rounding to even could double a difference of one level.
        return total.add_(0.5).to(self.dtype)

    def level(self, mix: Mix, area: Rectangle, parts: tuple[Rectangle, ...]) -> Tensor:
        """One level on its rectangles of a tile, 0 elsewhere: float32 (3, scale * height, scale * width)."""
        scale = self.canvas.scale
        picture = torch.zeros(3, area.height * scale, area.width * scale)
        for part in parts:
            part.relative_to(area).scaled(scale).cut(picture).copy_(self.rendered(mix, part))
            self.done += 1
            self.control.report(self.done, self.plan.num_parts)
        return picture

    def rendered(self, mix: Mix, part: Rectangle) -> Tensor:
        """One rectangle, with the surroundings that the network sees: uint8 or uint16 (3, height, width)."""
        window = part_of(part, self.canvas.height, self.canvas.width, self.around).window
        if self.kept is None or mix != self.base:
            return self.run_on(mix, part, window)
        key = (mix, part, window)
        if key not in self.kept:
            self.kept[key] = self.run_on(mix, part, window).clone()
        return self.kept[key]

    def run_on(self, mix: Mix, part: Rectangle, window: Rectangle) -> Tensor:
        """The part of a window on which the network is run: uint8 or uint16 (3, height, width), a view."""
        control = self.control.without_progress()
        pixels = self.renderer.render(window.cut(self.rgb), mix, bits=self.bits, control=control)
        return part.relative_to(window).scaled(self.canvas.scale).cut(pixels)
