"""Writes PNG files of 16 bits per channel, which Pillow cannot.

W3C, Portable Network Graphics (third edition).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Chunk", "itxt", "write_png16"]

Chunk = tuple[bytes, bytes]
"""A PNG chunk's name and data."""

RGB, RGBA = 2, 6
PAETH = 4
ROWS = 64


def write_png16(
    path: Path, rgb: Tensor, opacity: Tensor | None, *, chunks: Sequence[Chunk], level: int
) -> None:
    """Write uint16 (3, H, W), and perhaps opacity as (1, H, W).

    Args:
        path: The file.
        rgb, opacity: The picture, on the CPU.
        chunks: What else to write, before the pixels.
        level: Of zlib.

    Raises:
        OSError: It cannot be written.
    """
    kind = RGB if opacity is None else RGBA
    header = struct.pack(">IIBBBBB", rgb.shape[2], rgb.shape[1], 16, kind, 0, 0, 0)
    compressor = zlib.compressobj(level)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in ((b"IHDR", header), *chunks):
            put(file, name, data)
        for rows in filtered_rows(rgb, opacity):
            if packed := compressor.compress(rows):
                put(file, b"IDAT", packed)
        put(file, b"IDAT", compressor.flush())
        put(file, b"IEND", b"")


def put(file: BinaryIO, name: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))


def itxt(key: str, text: str) -> Chunk:
    """A text as Pillow's ``PngInfo.add_itxt`` writes it, not compressed."""
    return b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8")


def filtered_rows(rgb: Tensor, opacity: Tensor | None) -> Iterator[bytes]:
    """Some rows at a time: the bytes of each less their Paeth predictor, after the number of that filter."""
    planes = [*rgb.numpy(), *([] if opacity is None else opacity.numpy())]
    width = rgb.shape[2] * len(planes) * 2
    above = np.zeros((1, width), np.uint8)
    for top in range(0, rgb.shape[1], ROWS):
        pixels = np.stack([plane[top : top + ROWS] for plane in planes], axis=-1).astype(">u2")
        rows = pixels.view(np.uint8).reshape(len(pixels), width)
        above = np.concatenate((above[-1:], rows))
        filtered = np.empty((len(rows), width + 1), np.uint8)
        filtered[:, 0] = PAETH
        np.subtract(rows, paeth(above, step=2 * len(planes)), out=filtered[:, 1:])
        yield filtered.tobytes()


def paeth(rows: NDArray[np.uint8], *, step: int) -> NDArray[np.uint8]:
    """For rows 1.. of (N + 1, W) the neighbour left, above or above left that is nearest to a + b - c."""
    padded = np.pad(rows.astype(np.int16), ((0, 0), (step, 0)))
    left, up, corner = padded[1:, :-step], padded[:-1, step:], padded[:-1, :-step]
    to_left, to_up = np.abs(up - corner), np.abs(left - corner)
    to_corner = np.abs(left + up - 2 * corner)
    nearest = np.where(
        (to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner)
    )
    return nearest.astype(np.uint8)
