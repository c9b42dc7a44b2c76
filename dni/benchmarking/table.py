"""Measurements as a table."""

from __future__ import annotations

from collections.abc import Sequence

from dni.benchmarking.clock import Row

__all__ = ["COLUMNS", "cells_of", "text_table"]

COLUMNS = ("what", "measured", "target", "reached", "how")


def cells_of(row: Row) -> list[str]:
    """The texts of one line, in the order of :data:`COLUMNS`."""
    bound = "at most" if row.at_most else "at least"
    return [
        row.what,
        "" if row.value is None else f"{row.value:.4g}",
        "" if row.target is None else f"{bound} {row.target:g}",
        "" if row.reached is None else ("yes" if row.reached else "no"),
        row.detail,
    ]


def text_table(rows: Sequence[Row]) -> str:
    """A Markdown table whose columns also line up on a terminal."""
    lines = [list(COLUMNS), *map(cells_of, rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(COLUMNS))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )
