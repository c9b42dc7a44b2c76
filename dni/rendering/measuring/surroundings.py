"""The surroundings of a part of a picture with which a network renders it as in the whole, measured.

Three things keep a part from being that part of the whole render:

* *The cut border.* How far into the part it is seen is its depth; so far the part must overlap.
* *A grid.* Networks with windows, strides or shuffles work on blocks of pixels. A part that starts inside a
  block moves all blocks, so parts start at multiples of the grid. It is no requirement on sizes, hence not
  what spandrel calls ``multiple_of``.
* *Global operations.* Pooling, normalisation or attention over the whole picture: no surroundings are enough.

Networks without any of these are measured by :mod:`dni.rendering.measuring.receptive_field`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.pictures.rectangle import Rectangle
from dni.rendering.measuring.receptive_field import FAINT, LEAST_DEPTH, SAFETY, probe
from dni.rendering.tiles import round_up

__all__ = ["BOUND", "Surroundings", "grids", "measure_surroundings"]

# The deepest overlap: what is read beyond it counts as global.
BOUND = 96
# Of tiles that differ from the whole whatever is around them.
GLOBAL_OVERLAP = 64
LARGEST_GRID = 128
# What a network may have that neither its attributes nor its strides tell.
OTHER_GRIDS = (2, 4, 8, 16, 32, 64, 7, 14, 28, 56)
WINDOW_NAMES = re.compile("(window_size|win_size|split_size|stripe_size)(_[01])?")
# Far pixels are darkened by this much to see whether they matter, and how many columns of them there are.
DARKER = 8
FAR = 64
NEAR = 64
# Two odd multiples are tried, 1 and 3, of grids up to this.
SMALL_GRID = 16
# Pictures end anywhere, and some networks stretch what does not end at a window.
UNEVEN = 5


@dataclass(frozen=True)
class Surroundings:
    """What a part of a picture needs around it.

    Attributes:
        overlap: Input pixels on every side, a multiple of ``grid``.
        grid: Windows start at multiples of it.
        difference: By how many 8-bit levels a part may still differ from the whole, on the picture that was
            measured; 0 where the network sees no farther than the overlap, infinite where the network did
            not run on that picture.
    """

    overlap: int
    grid: int = 1
    difference: float = 0.0

    @classmethod
    def unknown(cls, overlap: int, multiple: int) -> Surroundings:
        """Those of a network that could not be measured."""
        return cls(round_up(max(overlap, GLOBAL_OVERLAP), multiple), multiple, math.inf)

    @property
    def is_global(self) -> bool:
        """Whether parts differ from the whole render, or may, whatever is around them."""
        return self.difference > 0

    def around(self, other: Surroundings) -> Surroundings:
        """What is enough for both."""
        grid = math.lcm(self.grid, other.grid)
        overlap = round_up(max(self.overlap, other.overlap), grid)
        return Surroundings(overlap, grid, max(self.difference, other.difference))


def grids(module: nn.Module, run: Callable[[], object], *, side: int, multiple: int) -> tuple[int, ...]:
    """Grids that the network suggests, from large to small: its windows and its strides.

    Args:
        module: The network.
        run: Runs it on a picture of ``side`` by ``side`` pixels.
        side: Large enough for strides to be told.
        multiple: What sizes must be divisible by; each grid is a multiple of it.
    """
    window = math.lcm(*window_sizes(module)) if any(window_sizes(module)) else 1
    stride = largest_stride(module, run, side)
    found = {math.lcm(multiple, blocks) for blocks in (window, window * stride)}
    if window == 1:
        found.add(multiple)
    return tuple(sorted((grid for grid in found if grid <= max(LARGEST_GRID, multiple)), reverse=True))


def window_sizes(module: nn.Module) -> set[int]:
    """The sides of attention windows, as the layers call them."""
    sizes: set[int] = set()
    for layer in module.modules():
        for name, value in vars(layer).items():
            if WINDOW_NAMES.fullmatch(name):
                sides = value if isinstance(value, (tuple, list)) else [value]
                sizes.update(side for side in sides if isinstance(side, int) and 1 < side <= LARGEST_GRID)
    return sizes


def largest_stride(module: nn.Module, run: Callable[[], object], side: int) -> int:
    """How many input pixels one pixel of the smallest feature map stands for, as a power of two."""
    smallest = side

    def look(_: object, __: object, output: object) -> None:
        nonlocal smallest
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[-2:]) > 2:
            smallest = min(smallest, *output.shape[-2:])

    hooks = [layer.register_forward_hook(look) for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return int(2 ** round(math.log2(side / smallest)))


@torch.inference_mode()
def measure_surroundings(
    run: Callable[[Tensor], Tensor], grids: Sequence[int], *, multiple: int, minimum: int = 1
) -> Surroundings:
    """Measure a network with windows, strides or global operations, at one mix.

    Args:
        run: The network: uint8 (3, h, w) to float32 (C, scale * h, scale * w), in 8-bit levels.
        grids: To try, in this order, multiples of ``multiple``; the first that is one is taken. Others are
            tried after them, multiples of the last.
        multiple: What sizes must be divisible by.
        minimum: The smallest side that the network takes.

    Returns:
        The surroundings; with a difference where far pixels matter or no grid was found.
    """
    far = far_difference(run, multiple=multiple, minimum=minimum)
    if far >= FAINT:
        # Its tiles show anyway, and the largest grid disturbs least.
        grid = grids[0]
        _, floor = cut_difference(run, grid, multiple=multiple, minimum=minimum)
        return Surroundings(round_up(GLOBAL_OVERLAP, grid), grid, max(far, floor))
    best: tuple[float, int] | None = None
    for grid in candidates(grids or (multiple,)):
        depth, floor = cut_difference(run, grid, multiple=multiple, minimum=minimum)
        if floor < FAINT:
            return Surroundings(round_up(depth, grid), grid)
        best = min(best, (floor, grid)) if best else (floor, grid)
    assert best is not None, "there is at least one grid"
    return Surroundings(round_up(GLOBAL_OVERLAP, best[1]), best[1], best[0])


def candidates(grids: Sequence[int]) -> Iterator[int]:
    """The suggested grids, then others, each once."""
    others = (math.lcm(grids[-1], grid) for grid in OTHER_GRIDS)
    yield from dict.fromkeys((*grids, *(grid for grid in others if grid <= LARGEST_GRID)))


def far_difference(run: Callable[[Tensor], Tensor], *, multiple: int, minimum: int) -> float:
    """By how many levels pixels farther away than the bound change the picture."""
    side = round_up(max(minimum, NEAR + BOUND + FAR), multiple)
    picture = lit(side, side)
    other = picture.clone()
    other[:, :, NEAR + BOUND :] //= DARKER
    whole = run(picture)
    near = whole.shape[-1] // side * NEAR
    return float((run(other) - whole)[:, :, :near].abs().max())


def cut_difference(
    run: Callable[[Tensor], Tensor], grid: int, *, multiple: int, minimum: int
) -> tuple[int, float]:
    """A part that starts at odd multiples of the grid, against the whole.

    Returns:
        How far from its border it differs by a quarter of a level, at most the bound, and by how many levels
        it differs farther inside.
    """
    inner = round_up(max(minimum, 2 * BOUND + NEAR), math.lcm(multiple, grid))
    down, right = grid, grid * (3 if grid <= SMALL_GRID else 1)
    part = Rectangle(right, down, inner, inner)
    whole = lit(inner + 2 * down + UNEVEN, inner + 2 * right + UNEVEN)
    cut = run(part.cut(whole).contiguous())
    scale = cut.shape[-1] // inner
    inside = part.scaled(scale).cut(run(whole))
    differences = (inside - cut).abs_().amax(dim=0)
    worst = functional.max_pool2d(differences[None, None], scale)[0, 0].cpu()  # (inner, inner), input pixels
    along = torch.arange(inner)
    to_border = torch.minimum(along, inner - 1 - along)
    distance = torch.minimum(to_border[:, None], to_border)
    floor = float(worst[distance >= BOUND].max())
    seen = distance[(worst >= FAINT) & (distance < BOUND)]
    depth = int(seen.max()) + 1 + SAFETY if seen.numel() else LEAST_DEPTH
    return min(BOUND, max(LEAST_DEPTH, depth)), floor


def lit(height: int, width: int) -> Tensor:
    """Texture, dark at the left and bright at the right and towards the bottom: uint8 (3, height, width).

    Blocks that all have one average could be moved unseen.
    """
    texture = probe(max(height, width))[:, :height, :width].float()
    along, down = torch.linspace(0, 1, width), torch.linspace(0, 1, height)[:, None]
    shaded = texture * (0.3 + 0.7 * along) + 80 * (down - 0.5)
    return shaded.clamp_(0, 255).round_().to(torch.uint8)
