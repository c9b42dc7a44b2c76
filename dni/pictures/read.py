"""Reads picture files: what may be opened, how large it may be, and clear errors.

Nothing here imports PyTorch before there is a tensor, so that a process that only decodes
(:mod:`dni.pictures.decoding.decode_worker`) starts quickly and stays small.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import (
    ExifTags,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from dni.bounded_process import ran_out_of_memory
from dni.pictures.codecs.deep import deep_picture, is_deep
from dni.pictures.codecs.formats import foreign_kind, opened_formats
from dni.pictures.codecs.jpeg_quality import jpeg_quality
from dni.pictures.codecs.png_checksums import has_whole_pixels
from dni.pictures.codecs.tiff_kinds import correct_planes, first_directory, tiff_kind, wrongly_read
from dni.pictures.decoding.decoded import Decoded, normalized
from dni.pictures.normalize import COLOUR_MODES, DEEP_MODES, GREY_MODES, PictureError

if TYPE_CHECKING:
    from dni.pictures.picture import Picture

__all__ = [
    "MAX_PIXELS",
    "RECIPE_KEY",
    "RECIPE_PREFIX",
    "decode",
    "open_image",
    "open_picture",
    "read_recipe",
]

MAX_PIXELS = 50_000_000
# A PNG file's text of this name, and what EXIF's "Software" begins with in other files.
RECIPE_KEY = "dni"
RECIPE_PREFIX = "dni "


def open_picture(path: str | Path, *, max_pixels: int = MAX_PIXELS, bits: Literal[8, 16] = 8) -> Picture:
    """Read a picture file; its size is looked at before any pixel is decoded.

    Args:
        path: The file.
        max_pixels: The most that it may have.
        bits: 16 to keep what a file has beyond 8 bits per channel; the picture is uint16 then. Files that
            have no more give uint8 all the same.

    Raises:
        PictureError: The file is missing, empty, no picture, damaged, larger than ``max_pixels``, or of a
            kind that has no faithful sRGB form (32-bit values, Lab).
    """
    from dni.pictures.picture import of_decoded

    path = Path(path)
    return of_decoded(decode(path, max_pixels=max_pixels, bits=bits), name=path.name)


def decode(path: Path, *, max_pixels: int = MAX_PIXELS, bits: Literal[8, 16] = 8) -> Decoded:
    """The same as arrays; see :func:`open_picture`.

    Raises:
        PictureError: As there.
        MemoryError: There is too little memory.
    """
    again = partial(open_image, path, max_pixels=max_pixels)
    with again() as image:
        try:
            # One transparent colour of 16 bits cannot be told from others once they are reduced.
            if is_deep(image) and (bits == 16 or "transparency" in image.info):
                picture = deep_picture(image, again, name=path.name)
                return picture if bits == 16 else picture.reduced()
            quality = jpeg_quality(getattr(image, "quantization", {}))
            return replace(normalized(image, name=path.name, spent=True), jpeg_quality=quality)
        except (PictureError, MemoryError):
            raise
        except Exception as error:  # Pillow's decoders raise almost anything on a damaged file
            if ran_out_of_memory(error):
                raise MemoryError from error
            raise PictureError(
                f"Expected a whole picture, but {path.name} is damaged or cut short ({_reason(error)}): "
                "copy or export it again."
            ) from error


def open_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A picture file with only its header read, of an allowed size; the caller closes it.

    Raises:
        PictureError: As of :func:`open_picture`, but for damage beyond the header.
    """
    _check_file(path)
    try:
        image = Image.open(path, formats=opened_formats())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        count = re.search(r"\d+", str(error))  # Pillow tells the number of pixels in its text only
        raise _too_large(path, int(count[0]) if count else 0, max_pixels) from error
    except Exception as error:  # as in decode
        raise _not_opened(path, error) from error
    try:
        if image.width * image.height > max_pixels:
            raise _too_large(path, image.width * image.height, max_pixels)
        if image.format == "TIFF":
            _check_tiff(path, image)
        elif image.format == "PNG" and not has_whole_pixels(path):
            raise PictureError(
                f"Expected a whole picture, but {path.name} is damaged (a checksum is wrong): "
                "copy or export it again."
            )
    except BaseException:
        image.close()
        raise
    return image


def _check_tiff(path: Path, image: Image.Image) -> None:
    tags = first_directory(path) or {}
    known = GREY_MODES | COLOUR_MODES | DEEP_MODES - {"I"}
    if wrongly_read(tags) or image.mode not in known:
        raise _unknown_tiff(path, tiff_kind(tags))
    correct_planes(image, tags)


def _unknown_tiff(path: Path, kind: str) -> PictureError:
    return PictureError(
        f"Expected a TIFF file of grey, RGB or CMYK with 8 or 16 bits per channel, but {path.name} holds "
        f"{kind}: export it as one of these, or as PNG."
    )


def _not_opened(path: Path, error: Exception) -> PictureError:
    """Why Pillow did not open a file, in as much detail as its first bytes allow."""
    found, kind = "is none", foreign_kind(path)
    if kind is not None:
        found = f"is {kind}"
    elif not isinstance(error, UnidentifiedImageError):
        found = f"is damaged ({_reason(error)})"
    elif tags := first_directory(path):
        return _unknown_tiff(path, tiff_kind(tags))
    formats = ", ".join(opened_formats())
    return PictureError(f"Expected a picture ({formats}), but {path.name} {found}: export it as PNG or JPEG.")


def _check_file(path: Path) -> None:
    if not path.is_file():
        found = "is not a file" if path.exists() else "does not exist"
        raise PictureError(f"Expected a picture file, but {path} {found}: check the name.")
    if path.stat().st_size == 0:
        raise PictureError(f"Expected a picture, but {path.name} is empty: copy or export it again.")


def _reason(error: Exception) -> str:
    """What a library says, on one line and without the file's place on this machine."""
    text = error.strerror if isinstance(error, OSError) else None
    return " ".join((text or str(error)).split())


def _too_large(path: Path, pixels: int, max_pixels: int) -> PictureError:
    return PictureError(
        f"Expected at most {max_pixels / 1e6:g} megapixels, but {path.name} has {pixels / 1e6:.2f}: "
        "make it smaller or cut a part out of it."
    )


def read_recipe(path: str | Path) -> str | None:
    """The recipe that :mod:`dni.pictures.write` stored, or None for any other picture.

    Only the header is read.

    Raises:
        PictureError: The file is missing, empty, or a damaged PNG file.
    """
    path = Path(path)
    _check_file(path)
    try:
        # Not Image.open: an enlarged picture may exceed what Pillow agrees to open, and no pixel is needed.
        with PngImagePlugin.PngImageFile(path) as image:
            recipe = image.info.get(RECIPE_KEY)
    except SyntaxError:  # Pillow's word for "not a PNG file"
        return _recipe_in_exif(path)
    except Exception as error:  # as in decode
        raise PictureError(
            f"Expected a whole PNG picture, but {path.name} is damaged ({_reason(error)}): save it again."
        ) from error
    return None if recipe is None else str(recipe)


def _recipe_in_exif(path: Path) -> str | None:
    for kind in (TiffImagePlugin.TiffImageFile, JpegImagePlugin.JpegImageFile, WebPImagePlugin.WebPImageFile):
        with suppress(Exception), kind(path) as image:  # as in decode; another kind is a SyntaxError
            software = image.getexif().get(ExifTags.Base.Software)
            if isinstance(software, str) and software.startswith(RECIPE_PREFIX):
                return software.removeprefix(RECIPE_PREFIX)
    return None
