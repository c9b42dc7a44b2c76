"""TIFF files of kinds that Pillow cannot read, or reads wrongly: which kind it is, in words."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, TiffImagePlugin

__all__ = ["correct_planes", "first_directory", "tiff_kind", "wrongly_read"]

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANES, SAMPLE_FORMAT, DNG_VERSION = (
    256, 257, 258, 259, 262, 277, 284, 339, 50706,
)  # fmt: skip
COLOURS = {
    0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "Lab", 9: "Lab",
    10: "Lab", 32803: "colour filter array", 32844: "LogLuv", 32845: "LogLuv",
}  # fmt: skip
NUMBERS = {1: "", 2: " signed", 3: " floating-point", 4: " undefined", 5: " complex", 6: " complex"}
COMPRESSIONS = {34712: "JPEG 2000", 34887: "LERC", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL"}
SEPARATE = 2

Tags = Mapping[int, Any]


def first_directory(path: Path) -> Tags | None:
    """The tags of a TIFF file's first picture, or None where they cannot be read."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of each damaged tag
            head = file.read(8)
            if head[:4] == b"II+\0":
                head += file.read(8)
            directory = TiffImagePlugin.ImageFileDirectory_v2(head)
            if directory.next is None:
                return None
            file.seek(directory.next)
            directory.load(file)
            return dict(directory)
    except Exception:  # Pillow's parser raises almost anything on damaged tags
        return None


def tiff_kind(tags: Tags) -> str:
    """The kind of pixels in words, as in "3 channels of 32 floating-point bits (RGB) in separate planes"."""
    if DNG_VERSION in tags:
        return "a camera's raw data"
    bits = numbers(tags, BITS, (1,))
    samples = numbers(tags, SAMPLES, (len(bits),))[0]
    kind = NUMBERS.get(numbers(tags, SAMPLE_FORMAT, (1,))[0], "")
    depth = "/".join(str(each) for each in sorted(set(bits)))
    colour = COLOURS.get(numbers(tags, PHOTOMETRIC, (-1,))[0], "unknown colours")
    planes = " in separate planes" if samples > 1 and numbers(tags, PLANES, (1,))[0] == SEPARATE else ""
    packed = COMPRESSIONS.get(numbers(tags, COMPRESSION, (1,))[0])
    packing = f", packed with {packed}" if packed else ""
    plural = "s" if samples > 1 else ""
    return f"{samples} channel{plural} of {depth}{kind} bits ({colour}){planes}{packing}"


def wrongly_read(tags: Tags) -> bool:
    """Whether Pillow opens this kind, but shows something else: a preview, or other numbers."""
    kinds = numbers(tags, SAMPLE_FORMAT, (1,))
    is_split_grey = numbers(tags, SAMPLES, (1,))[0] == 2 and numbers(tags, PLANES, (1,))[0] == SEPARATE
    return DNG_VERSION in tags or is_split_grey or any(kind not in (1, 4) for kind in kinds)


def correct_planes(image: Image.Image, tags: Tags) -> None:
    """Make Pillow read separate planes that are not packed as what they are.

    It takes values of 16 bits for 8; colours are read by another raw mode, and what is left by libtiff.
    """
    file: Any = image
    if numbers(tags, PLANES, (1,))[0] != SEPARATE or not file.tile or file.tile[0].codec_name != "raw":
        return
    is_deep = set(numbers(tags, BITS, (8,))) == {16}
    if is_deep and image.mode in ("RGB", "RGBA") and len(file.tile[0].args[0]) == 1:
        order = "L" if file.tag_v2.prefix == b"II" else "B"
        file.tile = [tile._replace(args=(f"{tile.args[0]};16{order}", *tile.args[1:])) for tile in file.tile]
        return
    mode = f"{image.mode};16N" if is_deep else image.mode
    whole = (0, 0, *image.size)
    file.tile = [
        file.tile[0]._replace(
            codec_name="libtiff", extents=whole, offset=0, args=(mode, "raw", False, file.tag_v2.offset)
        )
    ]
    file.use_load_libtiff = True


def numbers(tags: Tags, tag: int, otherwise: tuple[int, ...]) -> tuple[int, ...]:
    """A tag's whole numbers, whether the file holds one or several."""
    value = tags.get(tag, otherwise)
    value = value if isinstance(value, tuple) else (value,)
    return value if value and all(isinstance(each, int) for each in value) else otherwise
