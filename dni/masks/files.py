"""Reads masks from picture files, and encodes them as text for recipes.

A mask is uint8 (H, W): 0 where nothing is painted, 255 where all is. It lies over the whole picture, whatever
its own size.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import torch
from PIL import Image, PngImagePlugin
from torch import Tensor

from dni.errors import DniError
from dni.pictures.picture import to_pil, to_tensor
from dni.pictures.read import MAX_PIXELS, open_picture

__all__ = [
    "MAX_STORED_SIDE",
    "MaskError",
    "check_mask",
    "decode_mask",
    "encode_mask",
    "load_mask",
    "pixels_only",
]

# The larger side of a mask inside a recipe, in pixels.
MAX_STORED_SIDE = 512
# Noise, which PNG cannot compress, of the largest size, in base64, and some room for PNG's own fields.
MAX_TEXT = 400_000
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
# Browsers write pieces of 8 KB and more.
MAX_CHUNKS = 1000


class MaskError(DniError):
    """A mask cannot be read or used."""


def check_mask(mask: Tensor) -> tuple[int, int]:
    """The height and width of a mask.

    Raises:
        MaskError: It is not uint8 (H, W) with at least one pixel.
    """
    if mask.dtype != torch.uint8 or mask.ndim != 2 or mask.numel() == 0:
        raise MaskError(
            f"Expected a mask as uint8 of shape (H, W), but got {mask.dtype} {tuple(mask.shape)}. "
            "Give one value from 0 to 255 for every pixel."
        )
    return mask.shape[0], mask.shape[1]


def load_mask(
    path: str | Path, *, picture_size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS
) -> Tensor:
    """Read a mask from any picture file.

    Where the file has see-through pixels, its opacity is the mask; otherwise its brightness is (BT.601
    luma: white is painted, black is not).

    Args:
        path: The file.
        picture_size: (height, width) of the picture that the mask is for, to refuse other proportions.
        max_pixels: The largest file that is read.

    Returns:
        uint8 (H, W) on the CPU.

    Raises:
        PictureError: The file cannot be read, or is too large; see :func:`dni.pictures.read.open_picture`.
        MaskError: The proportions differ from the picture's.
    """
    picture = open_picture(path, max_pixels=max_pixels)
    if picture_size is not None:
        _check_proportions(picture.name, (picture.height, picture.width), picture_size)
    if picture.opacity is not None:
        return picture.opacity[0]
    return to_tensor(to_pil(picture.rgb).convert("L"))[0]


def _check_proportions(name: str, size: tuple[int, int], picture_size: tuple[int, int]) -> None:
    """Refuse sizes that are not the picture's, enlarged or reduced and each side rounded to a pixel."""
    (height, width), (picture_height, picture_width) = size, picture_size
    factor = max(height, width) / max(picture_height, picture_width)
    if max(abs(height - factor * picture_height), abs(width - factor * picture_width)) > 1:
        raise MaskError(
            f"Expected a mask with the proportions of the {picture_width}x{picture_height} picture, but "
            f"{name} is {width}x{height}. Cut it to the picture's frame."
        )


def encode_mask(mask: Tensor) -> str:
    """A mask as text for a recipe: a grey PNG in base64.

    A mask with a side above 512 is reduced to 512 first (by area), so what :func:`decode_mask` gives back
    may be coarser. Render with the decoded mask wherever a recipe shall give identical pixels.

    Args:
        mask: uint8 (H, W).

    Returns:
        ASCII; a painted mask takes some kilobytes.

    Raises:
        MaskError: Another shape or dtype.
    """
    height, width = check_mask(mask)
    image = Image.fromarray(mask.cpu().contiguous().numpy())
    factor = MAX_STORED_SIDE / max(height, width)
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        image = image.resize(size, Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def pixels_only(png: bytes) -> bytes:
    """A PNG without the chunks that its pixels do not need: some are made to take seconds to read.

    Raises:
        ValueError: It is no PNG, or one of very many parts.
    """
    if not png.startswith(PNG_SIGNATURE):
        raise ValueError("no PNG")
    kept, at = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if at >= len(png):
            return b"".join(kept)
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] in PIXEL_CHUNKS:
            kept.append(png[at:end])
        at = end
    raise ValueError("a PNG of very many parts")


def decode_mask(text: str) -> Tensor:
    """Read :func:`encode_mask`'s text; the size is looked at before any pixel is decoded.

    Returns:
        uint8 (H, W) on the CPU, at most 512 pixels a side.

    Raises:
        MaskError: It is not base64 of a whole 8-bit grey PNG of at most 512x512 pixels.
    """
    if len(text) > MAX_TEXT:
        raise _unreadable(f"{len(text)} characters", "more than any such mask takes")
    try:
        data = base64.b64decode(text, validate=True)
        with PngImagePlugin.PngImageFile(io.BytesIO(pixels_only(data))) as image:
            if image.mode != "L" or max(image.size) > MAX_STORED_SIDE:
                raise _unreadable(f"{image.width}x{image.height} of mode {image.mode!r}", "not one of ours")
            return to_tensor(image)[0]
    except MaskError:
        raise
    except Exception as error:  # Pillow's decoder raises almost anything on damaged data
        raise _unreadable("other data", " ".join(str(error).split())[:100]) from error


def _unreadable(found: str, reason: str) -> MaskError:
    return MaskError(
        f"Expected a mask as a grey PNG of at most {MAX_STORED_SIDE} pixels a side in base64, but got "
        f"{found} ({reason}). Use the text as dni wrote it, or leave the mask out."
    )
