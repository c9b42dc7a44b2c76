"""Estimates the quality of a JPEG file from its quantisation tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["LUMA_TABLE", "jpeg_quality", "percent_of"]

# Annex K of the standard, row by row.
LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56), (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip
ENTRIES = 64


def jpeg_quality(tables: Mapping[int, Sequence[int]]) -> int | None:
    """The quality, 1 to 100, of libjpeg (and Pillow) whose luma table is the nearest; None without one.

    Args:
        tables: As Pillow's ``image.quantization``.
    """
    luma = tables.get(0, ())
    if len(luma) != ENTRIES:
        return None
    total = sum(luma)  # which does not depend on the order of the entries
    return min(range(1, 101), key=lambda quality: abs(total - table_sum(quality)))


def percent_of(quality: int) -> int:
    """By how much libjpeg scales the tables for a quality."""
    return 5000 // quality if quality < 50 else 200 - 2 * quality


def table_sum(quality: int) -> int:
    percent = percent_of(quality)
    return sum(min(255, max(1, (entry * percent + 50) // 100)) for row in LUMA_TABLE for entry in row)
