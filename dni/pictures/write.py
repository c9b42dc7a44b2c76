"""Picture files: PNG with the recipe that made it, and JPEG for frames."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import PngImagePlugin
from torch import Tensor

from dni.checkpoints.atomic_write import atomic_write
from dni.pictures.normalize import PictureError
from dni.pictures.picture import to_pil
from dni.pictures.read import RECIPE_KEY

__all__ = ["encode_jpeg", "save_png"]

# Two thirds less time than zlib's usual 6 on enlarged photographs, for files that are 2 to 7 percent larger.
PNG_LEVEL = 4


def encode_jpeg(rgb: Tensor, *, quality: int = 90) -> bytes:
    """uint8 (3, H, W) to a JPEG file without chroma subsampling (4:4:4)."""
    buffer = io.BytesIO()
    to_pil(rgb).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def save_png(path: str | Path, rgb: Tensor, opacity: Tensor | None = None, *, recipe: str | None) -> None:
    """Write losslessly, with the recipe in an iTXt chunk; the file appears whole or not at all.

    Raises:
        PictureError: The name does not end in ``.png``, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise PictureError(f"Expected a file name that ends in .png, but got {path.name}: change the ending.")
    image, text = to_pil(rgb, opacity), PngImagePlugin.PngInfo()
    if recipe is not None:
        text.add_itxt(RECIPE_KEY, recipe)
    with atomic_write(path, error_type=PictureError) as partial:
        image.save(partial, "PNG", pnginfo=text, compress_level=PNG_LEVEL)
