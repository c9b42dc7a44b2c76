"""Writes TIFF files of 8 or 16 bits per channel, packed with Deflate. TIFF 6.0, and its Technical Note 2.

Pillow writes no colours of 16 bits.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import TiffImagePlugin
from torch import Tensor

from dni.pictures.codecs.metadata import EXIF_FOLDERS, Exif

__all__ = ["write_tiff"]

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
DEFLATE, RGB_COLOURS, HORIZONTAL, PLAIN_OPACITY = 8, 2, 2, 2
ICC_PROFILE = 34675
ROWS = 64

Entry = tuple[int, int, bytes]
"""A tag's type, the number of its values, and these."""


def write_tiff(
    path: Path, rgb: Tensor, opacity: Tensor | None, *, exif: Exif, profile: bytes | None, level: int
) -> None:
    """Write uint8 or uint16 (3, H, W), and perhaps opacity as (1, H, W).

    Args:
        path: The file.
        rgb, opacity: The picture, on the CPU.
        exif: Tags to write with it.
        profile: An ICC profile.
        level: Of zlib.

    Raises:
        OSError: It cannot be written.
    """
    planes = [*rgb.numpy(), *([] if opacity is None else opacity.numpy())]
    height, width = rgb.shape[1:]
    with path.open("wb") as file:
        file.write(b"II*\0\0\0\0\0")
        strips = [put(file, strip(planes, top, level)) for top in range(0, height, ROWS)]
        entries = {
            256: longs(width),
            257: longs(height),
            258: shorts(*[8 * planes[0].itemsize] * len(planes)),
            259: shorts(DEFLATE),
            262: shorts(RGB_COLOURS),
            273: longs(*(place for place, _ in strips)),
            277: shorts(len(planes)),
            278: longs(ROWS),
            279: longs(*(size for _, size in strips)),
            284: shorts(1),
            317: shorts(HORIZONTAL),
        }
        if opacity is not None:
            entries[338] = shorts(PLAIN_OPACITY)
        if profile is not None:
            entries[ICC_PROFILE] = (UNDEFINED, len(profile), profile)
        for tag, value in exif.items():
            entries[tag] = folder(file, value) if tag in EXIF_FOLDERS else entry_of(value)
        directory(file, entries)


def strip(planes: list[Any], top: int, level: int) -> bytes:
    """Some rows, each value less the one to its left, packed."""
    pixels = np.stack([plane[top : top + ROWS] for plane in planes], axis=-1)  # (rows, W, C)
    pixels[:, 1:] -= pixels[:, :-1].copy()
    return zlib.compress(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes(), level)


def put(file: BinaryIO, data: bytes) -> tuple[int, int]:
    """Write at an even place; gives the place and the size."""
    place = file.tell()
    file.write(data + bytes(len(data) % 2))
    return place, len(data)


def directory(file: BinaryIO, entries: dict[int, Entry]) -> None:
    """Write the tags, those with long values beside the list, and their place to the file's head."""
    rows = []
    for tag, (kind, count, data) in sorted(entries.items()):
        value = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", put(file, data)[0])
        rows.append(struct.pack("<HHI", tag, kind, count) + value)
    place, _ = put(file, struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4))
    file.seek(4)
    file.write(struct.pack("<I", place))


def folder(file: BinaryIO, values: Exif) -> Entry:
    """Write EXIF or GPS tags; gives the entry that points to them."""
    tags = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\0\0\0\0")
    for tag, value in values.items():
        tags[tag] = value
    place = file.tell()
    put(file, tags.tobytes(place))
    return longs(place)


def shorts(*values: int) -> Entry:
    return SHORT, len(values), struct.pack(f"<{len(values)}H", *values)


def longs(*values: int) -> Entry:
    return LONG, len(values), struct.pack(f"<{len(values)}I", *values)


def entry_of(value: Any) -> Entry:
    """A value of EXIF's main folder: text, bytes, a whole number or a fraction."""
    if isinstance(value, str):
        text = value.encode("utf-8") + b"\0"
        return ASCII, len(text), text
    if isinstance(value, bytes):
        return BYTE, len(value), value
    if isinstance(value, int):
        return shorts(value)
    return RATIONAL, 1, struct.pack("<II", value.numerator, value.denominator)
