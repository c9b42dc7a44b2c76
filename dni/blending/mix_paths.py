"""Paths through mix space: the line between two mixes, and the grid over a pad of three or four ends."""

from __future__ import annotations

from dni.blending.shares import Mix
from dni.errors import DniError, listed

__all__ = ["along", "between", "first_end", "over_pad", "positions"]


def first_end(num_ends: int) -> Mix:
    """The first end alone."""
    return Mix.of((1.0, *[0.0] * (num_ends - 1)))


def positions(count: int) -> tuple[float, ...]:
    """``count`` even steps from exactly 0 to exactly 1.

    Raises:
        DniError: Fewer than two.
    """
    if count < 2:
        raise DniError(f"Expected at least 2 steps, but got {count}. Ask for both ends at least.")
    return tuple(step / (count - 1) for step in range(count))


def between(start: Mix, stop: Mix, position: float) -> Mix:
    """The mix at a position on the straight line from ``start`` (0) to ``stop`` (1).

    A group of layers that only one of the two names has the general shares of the other there. It is
    repaired, or merged by a method, where one of the two is.

    Raises:
        DniError: The position is outside [0, 1], or the mixes have different numbers of ends or methods.
    """
    if not 0 <= position <= 1:
        raise DniError(f"Expected a position from 0 to 1, but got {position}. Stay between the two mixes.")
    if start.num_ends != stop.num_ends:
        raise DniError(
            f"Expected two mixes of the same ends, but one has {start.num_ends} and the other "
            f"{stop.num_ends}. Use one set of ends."
        )
    methods = {mix.method for mix in (start, stop) if mix.method is not None}
    if len(methods) > 1:
        raise DniError(
            f"Expected one merge method for both mixes, but got {listed(sorted(m.name for m in methods))}. "
            "Use one of them."
        )
    if position in (0, 1):
        return (start, stop)[int(position)]

    def blend(first: tuple[float, ...], second: tuple[float, ...]) -> list[float]:
        return [(1 - position) * a + position * b for a, b in zip(first, second, strict=True)]

    names = dict.fromkeys(name for name, _ in (*start.groups, *stop.groups))
    return Mix.of(
        blend(start.shares, stop.shares),
        groups={name: blend(start.shares_in(name), stop.shares_in(name)) for name in names},
        extrapolate=start.extrapolate or stop.extrapolate,
        repair=start.repair or stop.repair,
        method=next(iter(methods), None),
    )


def along(start: Mix, stop: Mix, count: int) -> tuple[Mix, ...]:
    """``count`` mixes in even steps from ``start`` to ``stop``; errors as of :func:`between`."""
    return tuple(between(start, stop, position) for position in positions(count))


def over_pad(num_ends: int, side: int) -> tuple[tuple[Mix, ...], ...]:
    """The mixes of a pad, row by row from the top.

    Four ends are the corners of a square: the first two above, the last two below. Three ends are the corners
    of a triangle: the first at the top, the second at the bottom left, the third at the bottom right; the
    rows then have 1, 2, ..., ``side`` mixes.

    Args:
        num_ends: 3 or 4.
        side: Mixes along an edge, at least 2.

    Raises:
        DniError: Another number of ends, or too few mixes.
    """
    steps = positions(side)
    if num_ends == 3:
        rows = [[triangle(row, column, side - 1) for column in range(row + 1)] for row in range(side)]
    elif num_ends == 4:
        rows = [[square(across, down) for across in steps] for down in steps]
    else:
        raise DniError(f"Expected 3 or 4 ends for a grid, but got {num_ends}. Make a strip of two ends.")
    return tuple(tuple(Mix.of(shares) for shares in row) for row in rows)


def triangle(row: int, column: int, steps: int) -> tuple[float, ...]:
    return ((steps - row) / steps, (row - column) / steps, column / steps)


def square(across: float, down: float) -> tuple[float, ...]:
    return ((1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down)
