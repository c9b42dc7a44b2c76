"""Plans a masked render: tiles of the picture, and for each level the rectangles that need it.

Pure geometry in input pixels; :mod:`dni.rendering.masked` renders it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor
from torch.nn import functional

from dni.masks.files import MaskError
from dni.masks.levels import choose_levels, sample_mask, weights
from dni.pictures.rectangle import Rectangle

__all__ = ["SMALLEST_TILE", "Canvas", "Plan", "TilePlan", "mask_values", "plan_masked"]

# Sides of the tiles in input pixels: what is in memory at once, and how long others wait.
DEFAULT_TILE = 384
SMALLEST_TILE = 16
# Side of the cells of a tile that are rendered or not, in input pixels.
CELL = 32


@dataclass(frozen=True)
class Canvas:
    """The picture to render on, and what the network does with it.

    Attributes:
        width, height: Of the picture, in input pixels.
        scale: Output pixels for an input pixel.
        overlap: Surroundings that the network reads, in input pixels.
    """

    width: int
    height: int
    scale: int
    overlap: int

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the output."""
        return self.height * self.scale, self.width * self.scale


@dataclass(frozen=True)
class TilePlan:
    """One tile of the picture, and the rectangles of it that every level is rendered on."""

    area: Rectangle
    parts: tuple[tuple[Rectangle, ...], ...]


@dataclass(frozen=True)
class Plan:
    """What a masked picture needs.

    Attributes:
        crop: The part of the picture that is wanted, in input pixels.
        levels: The values of the mask, 0 to 255, at which the network is run.
        tiles: Tiles that fill the crop, with rectangles for each level.
    """

    crop: Rectangle
    levels: tuple[int, ...]
    tiles: tuple[TilePlan, ...]

    @property
    def num_parts(self) -> int:
        """How often the network is run."""
        return sum(len(rectangles) for tile in self.tiles for rectangles in tile.parts)

    @property
    def passes(self) -> float:
        """The area rendered, over all levels, divided by the area wanted."""
        rendered = sum(part.area for tile in self.tiles for parts in tile.parts for part in parts)
        return rendered / self.crop.area


def plan_masked(
    mask: Tensor,
    canvas: Canvas,
    *,
    levels: int | None = None,
    crop: Rectangle | None = None,
    tile: int | None = None,
) -> Plan:
    """What :func:`dni.rendering.masked.render_masked` will render, before it does.

    Args:
        mask: uint8, any height and width; it lies over the whole picture.
        canvas: The picture's size, and the network's.
        levels, crop, tile: As in :func:`dni.rendering.masked.render_masked`.

    Raises:
        MaskError: The mask, ``levels``, ``crop`` or ``tile`` cannot be used.
    """
    chosen = choose_levels(mask, steps=levels, output_size=canvas.output_size)
    crop = crop or Rectangle.whole(canvas.width, canvas.height)
    crop.check_inside(canvas.width, canvas.height, name="crop", error_type=MaskError)
    tiles = []
    for area in tile_areas(crop, DEFAULT_TILE if tile is None else tile):
        values = mask_values(mask, area, canvas)
        parts = (cover(weights(values, chosen, index), area, canvas) for index in range(len(chosen)))
        tiles.append(TilePlan(area, tuple(parts)))
    return Plan(crop, chosen, tuple(tiles))


def tile_areas(crop: Rectangle, side: int) -> list[Rectangle]:
    """Cut a crop into tiles of at most ``side`` pixels a side."""
    if side < SMALLEST_TILE:
        raise MaskError(f"Expected a tile of at least {SMALLEST_TILE} pixels, but got {side}. Enlarge it.")
    columns, rows = edges(crop.left, crop.width, side), edges(crop.top, crop.height, side)
    return [
        Rectangle(left, top, right - left, bottom - top)
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]


def edges(start: int, length: int, side: int) -> list[int]:
    count = math.ceil(length / side)
    return [start + length * index // count for index in range(count + 1)]


def mask_values(mask: Tensor, area: Rectangle, canvas: Canvas) -> Tensor:
    """The mask at the output pixels of an area: float32 (scale * height, scale * width) in [0, 255]."""
    return sample_mask(mask, area.scaled(canvas.scale), output_size=canvas.output_size)


def cover(weight: Tensor, area: Rectangle, canvas: Canvas) -> tuple[Rectangle, ...]:
    """Rectangles that hold all pixels of some weight, chosen so that the network computes little.

    Runs of neighbouring cells of a coarse grid, joined wherever that costs no more than rendering both,
    with the surroundings that each needs.

    Args:
        weight: float (scale * area.height, scale * area.width).
        area: The part of the picture that the weight is for.
        canvas: Of the picture.

    Returns:
        Rectangles inside ``area``; none where there is no weight.
    """
    needed = functional.max_pool2d(weight[None], CELL * canvas.scale, ceil_mode=True)[0] > 0
    joined: list[Rectangle] = []
    for run in runs(needed, area):
        join(joined, run, canvas.overlap)
    return tuple(joined)


def runs(needed: Tensor, area: Rectangle) -> list[Rectangle]:
    """Every horizontal run of needed cells as a rectangle."""
    found: list[Rectangle] = []
    for row, cells in enumerate(needed.tolist()):
        height = min(CELL, area.height - row * CELL)
        for column, cell in enumerate(cells):
            if not cell:
                continue
            width = min(CELL, area.width - column * CELL)
            new = Rectangle(area.left + column * CELL, area.top + row * CELL, width, height)
            if column and cells[column - 1]:
                found[-1] = found[-1].around(new)
            else:
                found.append(new)
    return found


def join(rectangles: list[Rectangle], new: Rectangle, overlap: int) -> None:
    """Add one rectangle in place, joined with others as long as that saves work."""
    for index, other in enumerate(rectangles):
        both = other.around(new)
        if cost(both, overlap) <= cost(other, overlap) + cost(new, overlap):
            del rectangles[index]
            join(rectangles, both, overlap)
            return
    rectangles.append(new)


def cost(rectangle: Rectangle, overlap: int) -> int:
    """Pixels that the network computes for it, its surroundings included."""
    return (rectangle.width + 2 * overlap) * (rectangle.height + 2 * overlap)
