"""Reads picture files: what may be opened, how large it may be, and clear errors.

Only the formats in ``FORMATS`` are opened: Pillow knows more, but some start other programs (EPS) or hide a
large picture inside a small one (ICO). Nothing here imports PyTorch before there is a tensor, so that a
process that only decodes (:mod:`dni.pictures.decode_apart`) starts quickly and stays small.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from dni.bounded_process import ran_out_of_memory
from dni.pictures.normalize import PictureError, normalize

if TYPE_CHECKING:
    from dni.pictures.picture import Picture

__all__ = ["MAX_PIXELS", "RECIPE_KEY", "decode", "open_picture", "read_recipe"]

RECIPE_KEY = "dni"
MAX_PIXELS = 50_000_000
FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


def open_picture(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read a picture file; its size is looked at before any pixel is decoded.

    Raises:
        PictureError: The file is missing, empty, no picture, damaged, larger than ``max_pixels``, or of a
            kind that has no faithful 8-bit sRGB form (32-bit values, Lab).
    """
    from dni.pictures.picture import of_images

    path = Path(path)
    return of_images(decode(path, max_pixels=max_pixels), name=path.name)


def decode(
    path: Path, *, max_pixels: int = MAX_PIXELS
) -> tuple[Image.Image, Image.Image | None, tuple[str, ...]]:
    """The same as images; see :func:`dni.pictures.normalize.normalize`.

    Raises:
        PictureError: As of :func:`open_picture`.
        MemoryError: Memory is too small for it.
    """
    with open_image(path, max_pixels=max_pixels) as image:
        try:
            return normalize(image, name=path.name)
        except (PictureError, MemoryError):
            raise
        except Exception as error:  # Pillow's decoders raise almost anything on a damaged file
            if ran_out_of_memory(error):
                raise MemoryError from error
            raise PictureError(
                f"Expected a whole picture, but {path.name} is damaged or cut short ({_reason(error)}): "
                "copy or export it again."
            ) from error


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def open_image(path: Path, *, max_pixels: int) -> Image.Image:
    """A picture file with only its header read, of an allowed size; the caller closes it."""
    _check_file(path)
    _register_heif()
    try:
        image = Image.open(path, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        count = re.search(r"\d+", str(error))  # Pillow tells the number of pixels in its text only
        raise _too_large(path, int(count[0]) if count else 0, max_pixels) from error
    except Exception as error:  # as in decode
        found = "is none" if isinstance(error, UnidentifiedImageError) else f"is damaged ({_reason(error)})"
        raise PictureError(
            f"Expected a picture ({', '.join(FORMATS)}), but {path.name} {found}: export it as PNG or JPEG."
        ) from error
    if image.width * image.height > max_pixels:
        image.close()
        raise _too_large(path, image.width * image.height, max_pixels)
    return image


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
    """The recipe that ``save_png`` stored, or None for any other picture; only the header is read.

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
        return None
    except Exception as error:  # as in decode
        raise PictureError(
            f"Expected a whole PNG picture, but {path.name} is damaged ({_reason(error)}): save it again."
        ) from error
    return None if recipe is None else str(recipe)
