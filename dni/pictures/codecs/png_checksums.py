"""The checksums of a PNG file's pixels, at which Pillow does not look."""

from __future__ import annotations

import zlib
from pathlib import Path

__all__ = ["has_whole_pixels"]

SIGNATURE_BYTES, CHECKSUM_BYTES, BLOCK = 8, 4, 1 << 20
PIXELS = b"IDAT"


def has_whole_pixels(path: Path) -> bool:
    """Whether no ``IDAT`` chunk that is there in full has a wrong checksum."""
    with path.open("rb") as file:
        file.seek(SIGNATURE_BYTES)
        while len(head := file.read(8)) == 8:
            left, name = int.from_bytes(head[:4], "big"), head[4:]
            if name != PIXELS:
                file.seek(left + CHECKSUM_BYTES, 1)
                continue
            checksum = zlib.crc32(name)
            while left and (block := file.read(min(left, BLOCK))):
                checksum = zlib.crc32(block, checksum)
                left -= len(block)
            stored = file.read(CHECKSUM_BYTES)
            if len(stored) == CHECKSUM_BYTES and int.from_bytes(stored, "big") != checksum:
                return False
    return True
