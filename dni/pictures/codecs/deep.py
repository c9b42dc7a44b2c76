"""Pictures of 16 bits per channel, with all their bits, as sRGB.

Pillow has no 16-bit colour: it keeps one byte of every value, which one its raw mode says. So a file is
decoded twice, for the high and for the low bytes. That works for all kinds of PNG and TIFF that Pillow reads.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dni.pictures.codecs.icc import profile_to_srgb
from dni.pictures.decoding.decoded import Decoded, normalized
from dni.pictures.normalize import (
    DEEP_MODES,
    check_kind,
    count_frames,
    deep_grey,
    fill_hidden,
    gamma_notice,
    storage,
    turn_upright,
)

__all__ = ["deep_picture", "is_deep"]

Levels = NDArray[np.uint16]
DEEP_COLOUR = re.compile(r"(R|RGB[AXa]?);16[LBN]")  # "R" is the first of separate planes
GREY_WITH_OPACITY = "LA;16B"
# The raw mode that takes the other byte; "N" is the machine's own order.
OTHER_BYTE = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
TIFF_PLANES, SEPARATE = 284, 2
PEAK = 65535


def is_deep(image: Image.Image) -> bool:
    """Whether a file, of which only the header is read, has more than 8 bits that can be kept."""
    stored = storage(image)
    if image.mode in DEEP_MODES:
        return image.mode != "I" or image.format in ("PNG", "PPM")
    if DEEP_COLOUR.fullmatch(stored):
        # Of packed planes libtiff gives the high bytes only, whatever the raw mode.
        planes = getattr(image, "tag_v2", {}).get(TIFF_PLANES)
        return planes != SEPARATE or stored.startswith("R;")
    return stored == GREY_WITH_OPACITY or ppm_peak(image) > 255


def deep_picture(image: Image.Image, again: Callable[[], Image.Image], *, name: str) -> Decoded:
    """The picture with 16 bits: upright, sRGB, opacity apart.

    Args:
        image: A file for which :func:`is_deep` holds; nothing is decoded yet.
        again: Opens the same file anew.
        name: For messages.

    Raises:
        PictureError: Its kind of pixel has no faithful sRGB form.
    """
    check_kind(image, storage(image), name, bits=16)
    notices, profile = count_frames(image) + gamma_notice(image), image.info.get("icc_profile")
    levels, turned = upright_levels(image, again)  # (C, H, W)
    levels, opacity = split(levels, image.info.get("transparency"))
    if profile:
        found = profile_to_srgb(levels, profile)
        if found is None:  # made of tables, which LittleCMS applies to 8 bits only
            return eight_bits(again, name)
        levels, converted = found
        notices += converted
    if levels.shape[0] != 3 or not levels.flags.writeable:
        levels = np.broadcast_to(levels, (3, *levels.shape[1:])).copy()
    rgb = np.ascontiguousarray(levels)
    if opacity is not None:
        hide(rgb, opacity)
    return Decoded(rgb, opacity, notices + turned)


def eight_bits(again: Callable[[], Image.Image], name: str) -> Decoded:
    with again() as image:
        found = normalized(image, name=name)
    why = "Its colour profile can be applied to 8 bits per channel only."
    return replace(found, notices=(*found.notices, why))


def upright_levels(image: Image.Image, again: Callable[[], Image.Image]) -> tuple[Levels, tuple[str, ...]]:
    """Decode: uint16 (1, 2, 3 or 4 channels, H, W), the right way up."""
    stored, peak = storage(image), ppm_peak(image)
    if image.mode in DEEP_MODES:
        turned_grey, notices = turn_upright(image)
        return deep_grey(turned_grey, image, stored)[None], notices
    if peak > 255:
        return ppm_levels(image, peak), ()
    if stored == GREY_WITH_OPACITY:  # four bytes a pixel, which "RGBA" gives as they are
        set_raw_mode(image, lambda _: "RGBA")
        both, notices = turn_upright(image)
        return np.asarray(both).view(">u2").astype(np.uint16).transpose(2, 0, 1), notices
    with again() as low_image:
        if premultiplied := stored.startswith("RGBa"):  # of Pillow's 8-bit colours too little would be left
            for each in (image, low_image):
                set_raw_mode(each, lambda mode: mode.replace("RGBa", "RGBA"))
        set_raw_mode(low_image, lambda mode: mode[:-1] + OTHER_BYTE[mode[-1]])
        high, notices = turn_upright(image)
        low, _ = turn_upright(low_image)
        levels = join_bytes(high, low)
    return (unmultiplied(levels) if premultiplied else levels), notices


def set_raw_mode(image: Any, change: Callable[[str], str]) -> None:
    """Have Pillow take a file's bytes for those of another raw mode."""
    image.tile = [
        tile._replace(
            args=change(tile.args) if isinstance(tile.args, str) else (change(tile.args[0]), *tile.args[1:])
        )
        for tile in image.tile
    ]


def join_bytes(high: Image.Image, low: Image.Image) -> Levels:
    """uint16 (3 or 4, H, W) from the high and low bytes."""
    channels = 4 if high.mode == "RGBA" else 3
    upper, lower = np.asarray(high), np.asarray(low)
    levels = np.empty((channels, *upper.shape[:2]), np.uint16)
    for channel, plane in enumerate(levels):
        np.left_shift(upper[..., channel], 8, out=plane, dtype=np.uint16)
        plane |= lower[..., channel]
    return levels


def unmultiplied(levels: Levels) -> Levels:
    """Colours of (4, H, W) that were multiplied with their opacity, as they were before."""
    opacity = np.maximum(levels[3].astype(np.uint32), 1)
    for plane in levels[:3]:
        plane[...] = np.minimum((plane * np.uint32(PEAK) + opacity // 2) // opacity, PEAK)
    return levels


def ppm_peak(image: Image.Image) -> int:
    """The largest value of a binary PPM file in colours, or 0 for any other picture."""
    tiles: Any = getattr(image, "tile", None)
    is_colour = image.format == "PPM" and image.mode == "RGB"
    return tiles[0].args[1] if is_colour and tiles and tiles[0].codec_name == "ppm" else 0


def ppm_levels(image: Any, peak: int) -> Levels:
    """Pillow reads these in 8 bits, though they are plain big-endian values."""
    count = image.width * image.height * 3
    image.fp.seek(image.tile[0].offset)
    stored = np.frombuffer(image.fp.read(2 * count), ">u2")
    if stored.size < count:
        raise OSError("image file is truncated")
    pixels = stored.reshape(image.height, image.width, 3).transpose(2, 0, 1)
    if peak == PEAK:
        return np.asarray(pixels, np.uint16)
    spread = (np.minimum(pixels, peak) * np.uint32(PEAK) + peak // 2) // peak
    return np.asarray(spread, np.uint16)


def split(levels: Levels, transparent: object) -> tuple[Levels, Levels | None]:
    """Colour as (1 or 3, H, W), and opacity as uint16 (1, H, W) where any pixel is not opaque."""
    colour, opacity = levels, None
    if levels.shape[0] in (2, 4):
        colour, opacity = levels[:-1], levels[-1:].copy()
    elif isinstance(transparent, int | tuple):
        wanted = np.array(transparent, np.uint16).reshape(-1, 1, 1)
        opacity = np.where((levels == wanted).all(axis=0, keepdims=True), 0, PEAK).astype(np.uint16)
    if opacity is None or opacity.min() == PEAK:
        return colour, None
    return colour, opacity


def hide(levels: Levels, opacity: Levels) -> None:
    """Give wholly transparent pixels the colour of visible ones near by, in 8 bits as nobody sees it."""
    hidden = opacity[0] == 0
    if not hidden.any():
        return
    colour = Image.fromarray(np.ascontiguousarray((levels >> 8).astype(np.uint8).transpose(1, 2, 0)))
    filled = np.asarray(fill_hidden(colour, Image.fromarray(np.where(hidden, 0, 255).astype(np.uint8))))
    for channel, plane in enumerate(levels):
        plane[hidden] = filled[..., channel][hidden].astype(np.uint16) * 257
