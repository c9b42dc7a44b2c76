"""The kinds of picture files: what is opened, what is written, and what other files are called."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from PIL import Image

__all__ = ["PICTURE_SUFFIXES", "WRITTEN_FORMATS", "foreign_kind", "format_of", "opened_formats"]

# Pillow knows more, but some start other programs (EPS) or hide a large picture inside a small one (ICO).
FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# What counts as a picture in a folder. A .jxl is one: that it needs a plug-in is said when it is opened.
PICTURE_SUFFIXES = {
    ".apng", ".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".jxl",
    ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
}  # fmt: skip
WRITTEN_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
FOREIGN: Sequence[tuple[bytes, str]] = (
    (b"\xff\x0a", "a JPEG XL file, which needs the package pillow-jxl-plugin"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL file, which needs the package pillow-jxl-plugin"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 file"),
    (b"\x76\x2f\x31\x01", "an OpenEXR file, whose values have no known white"),
    (b"#?RADIANCE", "a Radiance HDR file, whose values have no known white"),
    (b"8BPS", "a Photoshop file"),
    (b"%PDF", "a PDF file"),
    (b"II*\0\x10\0\0\0CR", "a camera's raw file"),
    (b"FUJIFILMCCD-RAW", "a camera's raw file"),
    (b"MM\0+", "a big-endian BigTIFF file"),
)


@cache
def opened_formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are opened; JPEG XL too where a plug-in for it is installed."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    with suppress(ImportError):
        __import__("pillow_jxl")
    extra = Image.EXTENSION.get(".jxl")
    return FORMATS if extra is None else (*FORMATS, extra)


def foreign_kind(path: Path) -> str | None:
    """What a file that cannot be opened is, where its first bytes say so."""
    with path.open("rb") as file:
        start = file.read(16)
    return next((kind for magic, kind in FOREIGN if start.startswith(magic)), None)


def format_of(path: Path) -> str | None:
    """The format to write, by the name's ending, or None."""
    return WRITTEN_FORMATS.get(path.suffix.lower())
