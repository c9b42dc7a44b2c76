"""Contact sheets: a picture beside its results, small and whole, and one part of each at 400 %.

They are made from the files, so a result that an earlier run wrote is shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from dni.errors import DniError
from dni.export.sweeps.sheet import compose_sheet, write_sheet
from dni.pictures.picture import to_pil, to_tensor
from dni.pictures.read import open_picture
from dni.pictures.rectangle import Rectangle

__all__ = ["MAX_SHEET_PIXELS", "strongest_part", "write_contact_sheet"]

ZOOM = 4
CELL = 384
PART = CELL // ZOOM  # of a result
COLUMNS = 6
# Of one result; Pillow reads no larger ones.
MAX_SHEET_PIXELS = 170_000_000


def write_contact_sheet(
    destination: Path, original: Tensor, results: Sequence[tuple[Path, str]], *, scale: int
) -> None:
    """Write a sheet: on top whole pictures, below the part at 400 % in which the results differ most.

    Args:
        destination: Ends in ``.png``; the file appears whole or not at all.
        original: What the results were made from, uint8 (3, H, W).
        results: Their files, in the order of the sheet, and what to write under each. Their transparency is
            left out.
        scale: Of the results: they have (scale * H, scale * W) pixels.

    Raises:
        DniError: A result cannot be read, is of another size or too large, or the sheet cannot be written.
    """
    height, width = scale * original.shape[1], scale * original.shape[2]
    files = [path for path, _ in results]
    small = [fitted(read_result(path, height=height, width=width)) for path in files]
    before = fitted(original, like=small[0])
    # With a single result, where it differs most from the picture.
    first, last = (before if len(small) == 1 else small[0]), small[-1]
    part = strongest_part(first, last, width=width, height=height, multiple=scale)
    source = Rectangle(*(value // scale for value in part.values))
    parts = [enlarged(part.cut(read_result(path, height=height, width=width)), ZOOM) for path in files]
    labels = ["input", *(label for _, label in results)]
    wholes = zip([before, *small], labels, strict=True)
    zoomed = zip(
        [enlarged(source.cut(original), ZOOM * scale), *parts],
        [f"{label}, {ZOOM * 100} %" for label in labels],
        strict=True,
    )
    sheets = [compose_sheet(in_rows(list(row))) for row in (wholes, zoomed)]
    comment = {"results": [path.name for path in files], "part": part.values}
    write_sheet(destination, stacked(sheets), comment=json.dumps({"contact sheet": comment}))


def strongest_part(a: Tensor, b: Tensor, *, width: int, height: int, multiple: int) -> Rectangle:
    """The square in which two pictures differ most, by their mean absolute difference.

    Args:
        a, b: Reduced copies of the two, uint8 (3, h, w).
        width, height: Of the pictures themselves, divisible by ``multiple``.
        multiple: What the sides and the place of the part are divisible by.

    Returns:
        A part of the pictures, 96 pixels a side, or less where they are smaller.
    """
    difference = (a.float() - b.float()).abs().mean(dim=0)
    across, down = (min(PART, side) // multiple * multiple or multiple for side in (width, height))
    kernel = [
        max(1, round(side * small / whole))
        for side, small, whole in zip((down, across), difference.shape, (height, width), strict=True)
    ]
    means = avg_pool2d(difference[None, None], kernel, stride=1)[0, 0]
    row, column = divmod(int(means.argmax()), means.shape[1])
    left, top = (
        min(round(place * whole / small), whole - side) // multiple * multiple
        for place, whole, small, side in (
            (column, width, difference.shape[1], across),
            (row, height, difference.shape[0], down),
        )
    )
    return Rectangle(left, top, across, down)


def read_result(path: Path, *, height: int, width: int) -> Tensor:
    """uint8 (3, height, width)."""
    rgb = open_picture(path, max_pixels=MAX_SHEET_PIXELS).rgb
    if tuple(rgb.shape[1:]) != (height, width):
        raise DniError(
            f"Expected {path.name} to have {width}x{height} pixels, but it has "
            f"{rgb.shape[2]}x{rgb.shape[1]}: it is of something else. Delete it, or choose another folder."
        )
    return rgb


def fitted(rgb: Tensor, *, like: Tensor | None = None) -> Tensor:
    """Reduced to a cell of the sheet, never enlarged; or to the size of another picture."""
    height, width = rgb.shape[1:]
    if like is None:
        share = min(1.0, CELL / max(height, width))
        size = max(1, round(width * share)), max(1, round(height * share))
    else:
        size = like.shape[2], like.shape[1]
    return to_tensor(to_pil(rgb).resize(size, Image.Resampling.BICUBIC))


def enlarged(rgb: Tensor, zoom: int) -> Tensor:
    """Each pixel as a square."""
    return rgb.repeat_interleave(zoom, dim=1).repeat_interleave(zoom, dim=2)


def in_rows(cells: list[tuple[Tensor, str]]) -> list[list[tuple[Tensor, str]]]:
    return [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]


def stacked(sheets: Sequence[Tensor]) -> Tensor:
    """One below the other on white, centred."""
    width = max(sheet.shape[2] for sheet in sheets)
    whole = torch.full((3, sum(sheet.shape[1] for sheet in sheets), width), 255, dtype=torch.uint8)
    top = 0
    for sheet in sheets:
        left = (width - sheet.shape[2]) // 2
        whole[:, top : top + sheet.shape[1], left : left + sheet.shape[2]] = sheet
        top += sheet.shape[1]
    return whole
