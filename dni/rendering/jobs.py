"""Render jobs: the tiles of a picture, or one part of it, with what a network needs around each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from dni.blending.shares import Mix
from dni.pictures.rectangle import Rectangle
from dni.rendering.engine import Engine
from dni.rendering.measuring.surroundings import Surroundings
from dni.rendering.tiles import Tile, cut_square, plan, tile_of

__all__ = ["DTYPES_OF_BITS", "Bits", "Job", "cut_notice", "part_of", "plan_job", "surroundings_of"]

Bits = Literal[8, 16]
DTYPES_OF_BITS: dict[int, torch.dtype] = {8: torch.uint8, 16: torch.uint16}


@dataclass(frozen=True, eq=False)
class Job:
    """What to render: tiles of a picture, together a rectangle, from its top left to its bottom right.

    ``surroundings`` are those of the tiles; None for one tile around which nothing was measured.
    """

    rgb: Tensor
    mix: Mix
    tiles: list[Tile]
    surroundings: Surroundings | None
    bits: Bits = 8

    @property
    def is_cut(self) -> bool:
        """Whether a tile reads less than the whole picture."""
        return self.tiles[0].pixels < self.rgb[0].numel()

    @property
    def area(self) -> Rectangle:
        """What the tiles are responsible for together."""
        return self.tiles[0].core.around(self.tiles[-1].core)


def plan_job(engine: Engine, *, rgb: Tensor, mix: Mix, tile: int | None, bits: Bits) -> Job:
    """The whole picture, in one piece, in square tiles or in what suits the network."""
    height, width = rgb.shape[1:]
    in_one_piece = height * width <= engine.window_pixels if tile is None else max(height, width) <= tile
    if in_one_piece and not engine.is_local:
        return Job(rgb, mix, [part_of(Rectangle.whole(width, height), height, width, None)], None, bits)
    # Nothing overlaps in one tile: no need to measure how much.
    few = engine.is_local and height * width <= (engine.window_pixels if tile is None else tile**2)
    around = Surroundings(engine.overlap) if few else engine.surroundings(mix, bits=bits)
    overlap, multiple = around.overlap, around.grid
    if tile is None:
        budget = engine.whole_pixels if around.is_global else engine.window_pixels
        square = engine.network.square
        tiles = plan(height, width, overlap=overlap, budget=budget, multiple=multiple, square=square)
    else:
        tiles = cut_square(height, width, tile=tile, overlap=overlap, multiple=multiple)
    return Job(rgb, mix, tiles, around, bits)


def part_of(part: Rectangle, height: int, width: int, around: Surroundings | None) -> Tile:
    """A part of a picture with its surroundings; with all of the picture where there are none."""
    overlap, multiple = (around.overlap, around.grid) if around else (max(height, width), 1)
    return tile_of(part, width=width, height=height, overlap=overlap, multiple=multiple)


def cut_notice(architecture: str, around: Surroundings) -> str:
    """What to know about parts of a picture where the network sees all of it."""
    if math.isinf(around.difference):
        return (
            f"How far {architecture} looks could not be measured, and this picture is too large for one "
            "piece: parts of it are rendered apart, which may show."
        )
    return (
        f"{architecture} looks at the whole picture, and this one is too large for one piece: it is rendered "
        f"in parts, which changed a test picture by up to {around.difference:.2g} of 255 levels."
    )


def surroundings_of(
    engine: Engine, part: Rectangle, height: int, width: int, mix: Mix, *, bits: Bits = 8
) -> Surroundings | None:
    """What has to be around a part of a picture of this size; None where all of it has to be.

    Networks with other layers than convolutions are measured at first use.
    """
    if engine.is_local:
        return Surroundings(engine.overlap)
    if part == Rectangle.whole(width, height):
        return None
    around = engine.surroundings(mix, bits=bits)
    return None if around.is_global and height * width <= engine.whole_pixels else around
