"""Writes frames as one labelled picture: a strip or a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from torch import Tensor

from dni.checkpoints.atomic_write import atomic_write
from dni.errors import DniError
from dni.pictures.picture import to_pil, to_tensor

__all__ = ["SHEET_KEY", "SHEET_SUFFIX", "compose_sheet", "is_sheet", "write_sheet"]

SHEET_SUFFIX = ".png"
# Not the key of a picture's recipe: a sheet is many pictures, and cannot be rendered from one recipe.
SHEET_KEY = "dni-sweep"
GAP = 4
SMALLEST_FONT, LARGEST_FONT = 12, 48
# Label height to frame height.
FONT_SHARE = 0.06
PAPER, INK = "white", "black"


def compose_sheet(rows: Sequence[Sequence[tuple[Tensor, str]]]) -> Tensor:
    """Frames in centred rows, each over its label, on white.

    Args:
        rows: From the top: the frames, uint8 (3, H, W) of one shape, and their labels. A row may be shorter
            than others.

    Returns:
        uint8 (3, H', W').

    Raises:
        DniError: There is no frame.
    """
    if not rows or not all(rows):
        raise DniError("Expected a frame in every row, but got none. Give at least one.")
    height, width = rows[0][0][0].shape[1:]
    font = ImageFont.load_default(min(LARGEST_FONT, max(SMALLEST_FONT, round(FONT_SHARE * height))))
    boxes = [font.getbbox(label) for row in rows for _, label in row]
    row_height = height + GAP + math.ceil(max(box[3] for box in boxes))
    cell = GAP + max(width, math.ceil(max(box[2] for box in boxes)))
    size = cell * max(map(len, rows)) + GAP, (row_height + GAP) * len(rows) + GAP
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        top = GAP + number * (row_height + GAP)
        first = (sheet.width - cell * (len(row) - 1)) // 2
        for column, (frame, label) in enumerate(row):
            middle = first + column * cell
            sheet.paste(to_pil(frame), (middle - width // 2, top))
            draw.text((middle, top + height), label, INK, font, anchor="ma")
    return to_tensor(sheet)


def write_sheet(destination: Path, sheet: Tensor, *, comment: str) -> None:
    """Write a sheet as PNG, with ``comment`` as its text ``dni-sweep``; it appears whole or not at all.

    Raises:
        DniError: The name does not end in ``.png``, or the place cannot be written.
    """
    if destination.suffix.lower() != SHEET_SUFFIX:
        raise DniError(
            f"Expected a name that ends in {SHEET_SUFFIX}, but got {destination.name}. Change the ending."
        )
    text = PngImagePlugin.PngInfo()
    text.add_itxt(SHEET_KEY, comment)
    with atomic_write(destination) as partial:
        to_pil(sheet).save(partial, "PNG", pnginfo=text)


def is_sheet(path: Path) -> bool:
    """Whether a file is a sheet that was written here; only its header is read."""
    try:
        with PngImagePlugin.PngImageFile(path) as image:
            return SHEET_KEY in image.info
    except Exception:  # no PNG file, or a damaged one: Pillow raises almost anything
        return False
