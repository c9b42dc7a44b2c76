"""Cuts a picture into overlapping tiles: a core that is kept, inside the window that is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from dni.pictures.rectangle import Rectangle

__all__ = ["Span", "Tile", "cut_square", "halves", "plan", "round_up", "span", "spans", "tile_of"]

# A smaller core is nearly all overlap, and a plan may not go on halving for ever.
MIN_CORE = 16


@dataclass(frozen=True)
class Span:
    """One tile along one axis: the core it is responsible for, inside the window it reads."""

    start: int
    stop: int
    window_start: int
    window_stop: int

    @property
    def core(self) -> int:
        return self.stop - self.start

    @property
    def window(self) -> int:
        return self.window_stop - self.window_start


@dataclass(frozen=True)
class Tile:
    """One tile of a picture, in input pixels."""

    row: Span
    column: Span

    @property
    def core(self) -> Rectangle:
        """What it is responsible for."""
        return Rectangle(self.column.start, self.row.start, self.column.core, self.row.core)

    @property
    def window(self) -> Rectangle:
        """What the network reads for it."""
        column, row = self.column, self.row
        return Rectangle(column.window_start, row.window_start, column.window, row.window)

    @property
    def pixels(self) -> int:
        """How many pixels the network reads for it."""
        return self.row.window * self.column.window


def span(start: int, stop: int, *, length: int, overlap: int, multiple: int = 1) -> Span:
    """One core of an axis, with what it may read of its surroundings.

    The window starts and ends at multiples of ``multiple``: networks that work on blocks of pixels give
    another picture when the blocks move.
    """
    window_start = max(0, start - overlap) // multiple * multiple
    return Span(start, stop, window_start, min(length, round_up(stop + overlap, multiple)))


def tile_of(core: Rectangle, *, width: int, height: int, overlap: int, multiple: int = 1) -> Tile:
    """One core of a picture of this size, with what may be read of its surroundings; see :func:`span`."""
    row = span(core.top, core.bottom, length=height, overlap=overlap, multiple=multiple)
    return Tile(row, span(core.left, core.right, length=width, overlap=overlap, multiple=multiple))


def spans(length: int, *, count: int, overlap: int, multiple: int = 1) -> list[Span]:
    """Cut an axis into ``count`` cores, or fewer where they would be empty.

    All windows are equally long (the last may end at the axis's end instead of a multiple), so that what a
    library prepares for one shape serves all tiles. Cores at an end of the axis are longer: there nothing
    has to be read beyond.

    Args:
        length: Of the axis.
        count: How many cores.
        overlap: What each reads on either side, a multiple of ``multiple``.
        multiple: Where windows may start.
    """
    padded = round_up(length, multiple)
    margin = overlap if padded - 2 * overlap >= count * multiple else 0
    step = round_up(math.ceil((padded - 2 * margin) / count), multiple)
    edges = [0, *range(margin + step, length - margin, step), length]
    cut = [span(a, b, length=length, overlap=overlap, multiple=multiple) for a, b in pairwise(edges)]
    widest = round_up(max(one.window for one in cut), multiple)
    last = cut[-1]
    start = max(0, min(last.window_start, padded - widest))
    return [*cut[:-1], Span(last.start, last.stop, start, length)]


def cut_square(height: int, width: int, *, tile: int, overlap: int, multiple: int = 1) -> list[Tile]:
    """Tiles whose windows are at most ``tile`` and an overlap on either side, along both axes."""
    counts = math.ceil(height / tile), math.ceil(width / tile)
    return cross(height, width, counts, overlap=overlap, multiple=multiple)


def plan(
    height: int, width: int, *, overlap: int, budget: int, multiple: int = 1, square: bool = False
) -> list[Tile]:
    """The tiles that read the fewest pixels in all (but for rounding), each at most ``budget``.

    Where no tiles are small enough, the smallest there are.

    Args:
        height, width: Of the picture.
        overlap: What each tile reads around its core, a multiple of ``multiple``.
        budget: The most pixels of a window.
        multiple: Where windows may start.
        square: The network fills windows up to squares; they count as such.
    """
    best: tuple[int, int, tuple[int, int]] | None = None
    for rows in range(1, most(height, overlap) + 1):
        tall = window_side(height, rows, overlap=overlap, multiple=multiple)
        room = budget // tall if not square else math.isqrt(budget)
        columns = fewest(width, room, overlap=overlap, multiple=multiple)
        if columns is None or (square and tall > room):
            continue
        wide = window_side(width, columns, overlap=overlap, multiple=multiple)
        area = max(tall, wide) ** 2 if square else tall * wide
        candidate = (rows * columns * area, rows * columns, (rows, columns))
        best = min(best, candidate) if best else candidate
    counts = best[2] if best else (most(height, overlap), most(width, overlap))
    return cross(height, width, counts, overlap=overlap, multiple=multiple)


def halves(tile: Tile, height: int, width: int, *, overlap: int, multiple: int = 1) -> list[Tile]:
    """A tile's core cut across its longer side; none if that would leave less than 16 pixels.

    Args:
        tile: Of a picture of this height and width.
        height, width: Of the picture.
        overlap: What each half reads around its core.
        multiple: Where windows may start.
    """
    row, column = tile.row, tile.column
    longer, length = (row, height) if row.core >= column.core else (column, width)
    middle = longer.start + round_up(longer.core // 2, multiple)
    if min(middle - longer.start, longer.stop - middle) < MIN_CORE:
        return []
    edges = pairwise((longer.start, middle, longer.stop))
    parts = [span(a, b, length=length, overlap=overlap, multiple=multiple) for a, b in edges]
    return [Tile(part, column) if longer is row else Tile(row, part) for part in parts]


def cross(height: int, width: int, counts: tuple[int, int], *, overlap: int, multiple: int) -> list[Tile]:
    """All tiles of (rows, columns), from left to right and then downwards."""
    rows = spans(height, count=counts[0], overlap=overlap, multiple=multiple)
    columns = spans(width, count=counts[1], overlap=overlap, multiple=multiple)
    return [Tile(row, column) for row in rows for column in columns]


def window_side(length: int, count: int, *, overlap: int, multiple: int) -> int:
    """The longest window of so many spans, filled up to what the network takes."""
    cut = spans(length, count=count, overlap=overlap, multiple=multiple)
    return round_up(max(one.window for one in cut), multiple)


def most(length: int, overlap: int) -> int:
    """How many spans an axis can be cut into."""
    return max(1, (length - 2 * overlap) // MIN_CORE)


def fewest(length: int, room: int, *, overlap: int, multiple: int) -> int | None:
    """The fewest spans whose windows are at most ``room`` long; None if there are none."""
    if length <= room:
        return 1
    step = (room - 2 * overlap) // multiple * multiple
    if step < max(multiple, 1):
        return None
    count = math.ceil((round_up(length, multiple) - 2 * overlap) / step)
    return count if count <= most(length, overlap) else None


def round_up(number: int, multiple: int) -> int:
    return math.ceil(number / multiple) * multiple
