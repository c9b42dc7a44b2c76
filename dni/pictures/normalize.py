"""Normalises images of any kind for the networks: upright, 8 bits, sRGB, opacity apart.

Everything here takes and gives Pillow images; every change is said in a plain sentence.
"""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps

from dni.errors import DniError

__all__ = ["PictureError", "normalize"]

GREY_MODES = {"1", "L", "LA", "La"}
COLOUR_MODES = {"P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr"}
DEEP_MODES = {"I", "I;16", "I;16L", "I;16B", "I;16N"}
# How a file stores more than 8 bits that Pillow gives as 8; "BGR;16" is not one of them but 5 + 6 + 5 bits.
DEEP_STORAGE = re.compile(r"(LA|R|RGB[AXa]*|CMYK);16")
# Pillow spreads grey of few bits over 0..255, but not (before version 12 for 1 bit) its transparent value.
GREY_STEPS = {"1": 255, "L;2": 85, "L;4": 17}
REDUCED = "More than 8 bits per channel were reduced to 8."
SRGB_GAMMA = 1 / 2.2
TIFF_PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
# The image mode in which LittleCMS takes the pixels of a profile's colour space.
PROFILE_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}


class PictureError(DniError):
    """A picture cannot be read or written."""


def normalize(image: Image.Image, *, name: str) -> tuple[Image.Image, Image.Image | None, tuple[str, ...]]:
    """The colours as "RGB", the opacity as "L" (None where all is opaque), and what was done.

    The colour under wholly transparent pixels is replaced by the visible colour near by, so that it cannot
    bleed into visible edges when the picture is enlarged.

    Raises:
        PictureError: The image has no pixels, or its kind of pixel has no faithful 8-bit sRGB form.
    """
    if 0 in image.size:
        raise PictureError(f"Expected at least one pixel, but {name} is {image.width}x{image.height}.")
    notices = count_frames(image) + gamma_notice(image)
    stored = storage(image)
    check_kind(image, stored, name)
    if has_more_than_8_bits(image, stored):
        notices += (REDUCED,)
    profile, kind = image.info.get("icc_profile"), image.format
    image, turned = turn_upright(image)
    colour, opacity = split(to_8_bits(image, stored))
    if kind == "BMP" and opacity is not None and opacity.getextrema() == (0, 0):
        opacity = None  # many programs leave the fourth byte of BMP files empty
    colour, converted = to_srgb(colour, profile)
    if opacity is not None:
        colour = fill_hidden(colour, opacity)
    return colour, opacity, notices + turned + converted


def count_frames(image: Image.Image) -> tuple[str, ...]:
    frames = getattr(image, "n_frames", 1)
    return (f"Only number {image.tell() + 1} of its {frames} frames is used.",) if frames > 1 else ()


def gamma_notice(image: Image.Image) -> tuple[str, ...]:
    """PNG files may say that they are not encoded as sRGB is; like most viewers we show them as they are."""
    gamma = image.info.get("gamma")
    if not isinstance(gamma, float) or "srgb" in image.info or "icc_profile" in image.info:
        return ()
    return () if abs(gamma - SRGB_GAMMA) < 0.01 else (f"Its gamma of {gamma:g} was not applied.",)


def has_more_than_8_bits(image: Image.Image, stored: str) -> bool:
    """Whether the file holds more than Pillow's 8-bit modes; only the header must be read."""
    tiles: Any = getattr(image, "tile", None)
    if image.format == "PPM" and tiles and tiles[0].codec_name.startswith("ppm") and tiles[0].args[1] > 255:
        return True
    deep = image.mode in DEEP_MODES or DEEP_STORAGE.match(stored)
    return bool(deep or image.info.get("bit_depth", 8) > 8)


def storage(image: Image.Image) -> str:
    """How the file stores its pixels (as in ``"RGB;16B"``), or "" once they are decoded."""
    tiles = getattr(image, "tile", None)
    if not tiles:
        return ""
    arguments = tiles[0][3]
    stored = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return stored if isinstance(stored, str) else ""


def check_kind(image: Image.Image, stored: str, name: str, *, bits: int = 8) -> None:
    # "I" has 32 bits in a TIFF file, with no known white, but 16 in the other formats.
    unknown = image.mode not in GREY_MODES | COLOUR_MODES | DEEP_MODES
    if unknown or (image.mode == "I" and image.format not in ("PNG", "PPM")):
        raise PictureError(
            f"Expected grey, RGB or CMYK of 8 or 16 bits, but {name} holds pixels of mode {image.mode!r}: "
            "export it as PNG or JPEG."
        )
    if bits == 8 and stored.startswith("RGB;16") and "transparency" in image.info:
        # Pillow would compare the 16-bit colour with the reduced pixels and make the wrong ones transparent.
        raise PictureError(
            f"Expected opacity as a channel, but {name} names one transparent colour of 16 bits: "
            "export it as PNG with 8 bits or with an alpha channel."
        )


def turn_upright(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Decode and apply the EXIF orientation (TIFF and HEIC are turned as they are decoded)."""
    image.load()
    try:
        if image.getexif().get(ExifTags.Base.Orientation) not in range(2, 9):
            return image, ()
        return ImageOps.exif_transpose(image), ("Turned the right way up, as its EXIF data asks.",)
    except Exception:  # Pillow's parser of EXIF data raises almost anything on damaged data
        return image, ("Its EXIF data is damaged, so it was not turned.",)


def to_8_bits(image: Image.Image, stored: str) -> Image.Image:
    """Deep grey to "L", or to "LA" where one value is transparent; other modes as they are."""
    transparent = image.info.get("transparency")
    if stored in GREY_STEPS and isinstance(transparent, int):
        image = image.copy()
        image.info["transparency"] = min(255, transparent * GREY_STEPS[stored])
    if image.mode not in DEEP_MODES:
        return image
    values = np.asarray(image).astype(np.uint32)
    peak = 4095 if stored == "I;12" else 65535
    if getattr(image, "tag_v2", {}).get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
        values = peak - values  # Pillow does so itself for 8 bits, but not for 16
    grey = Image.fromarray(((values * 255 + peak // 2) // peak).astype(np.uint8))
    if isinstance(transparent, int):
        grey.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return grey


def deep_grey(image: Image.Image, file: Image.Image, stored: str) -> NDArray[np.uint16]:
    """Grey of 12 or 16 bits as uint16 (H, W) from black, 0, to white, 65535.

    Args:
        image: Decoded and upright.
        file: The same as it was opened, with its tags.
        stored: How the file stores it.
    """
    values = np.asarray(image).astype(np.uint16)
    if stored == "I;12":
        values = ((values.astype(np.uint32) * 65535 + 2047) // 4095).astype(np.uint16)
    is_inverted = getattr(file, "tag_v2", {}).get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO
    return 65535 - values if is_inverted else values


def split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colour as "L", "RGB" or "CMYK", and opacity as "L" where any pixel is not opaque."""
    grey = image.mode in GREY_MODES
    opacity = None
    if image.has_transparency_data:
        image = in_mode(image, "LA" if grey else "RGBA")
        opacity = image.getchannel("A")
        if opacity.getextrema() == (255, 255):
            opacity = None
    if image.mode != "CMYK":
        image = in_mode(image, "L" if grey else "RGB")
    return image, opacity


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image itself where it has the mode already: Pillow would copy it."""
    return image if image.mode == mode else image.convert(mode)


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """An "L", "RGB" or "CMYK" image in the colours of an ICC profile to "RGB" in sRGB."""
    if not profile:
        plain = "Converted from CMYK without a colour profile, so its colours are a guess."
        return in_mode(image, "RGB"), (plain,) if image.mode == "CMYK" else ()
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        title = " ".join(ImageCms.getProfileDescription(source).split())[:60] or "unnamed"
        mode = PROFILE_MODES[source.profile.xcolor_space.strip()]
        if image.mode == "L" and mode == "RGB":
            image = image.convert("RGB")  # not allowed by the ICC, but common
        if image.mode == "RGB" and title.startswith("sRGB"):
            return image, ()  # LittleCMS would move some values by one
        converted = apply_profile(image, source)
    except (ImageCms.PyCMSError, KeyError, OSError, TypeError, ValueError):
        return image.convert("RGB"), ("Its colour profile cannot be used, so it was left out.",)
    return converted, (f"Converted from the colour profile {title!r} to sRGB.",)


def apply_profile(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        image.mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return transform.apply(image)


def fill_hidden(rgb: Image.Image, opacity: Image.Image) -> Image.Image:
    """Give wholly transparent pixels the mean colour of visible ones near by (a pull-push pyramid).

    Each level halves the picture, averaging visible pixels only, until none is hidden; what a level hides
    then takes its colour from the level above. A wholly transparent picture becomes black.
    """
    visible = opacity.point(lambda value: 255 if value else 0)
    if visible.getextrema() == (255, 255):
        return rgb
    if visible.getextrema() == (0, 0):
        return Image.new("RGB", rgb.size)
    marked = rgb.copy()
    marked.putalpha(visible)
    smaller = marked.reduce(2)  # Pillow weighs RGBA by opacity
    filled = fill_hidden(smaller.convert("RGB"), smaller.getchannel("A"))
    return Image.composite(rgb, filled.resize(rgb.size, Image.Resampling.BILINEAR), visible)
