"""Bicubic enlargement and reduction by Pillow, with the antialiasing that super-resolution papers use."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dni.pictures.normalize import PictureError
from dni.pictures.picture import to_pil, to_tensor
from dni.pictures.strips import change_channels

__all__ = ["reduce_bicubic", "resize_bicubic"]


def resize_bicubic(pixels: Tensor, scale: int) -> Tensor:
    """Enlarge uint8 (1, H, W) or (3, H, W) to (C, scale * H, scale * W) with Pillow's bicubic filter.

    uint16 gives uint16, by way of floating point: Pillow's filter for 16 bits is coarser.

    Raises:
        ValueError: Another shape or dtype.
    """
    channels = pixels.shape[0]
    if pixels.dtype == torch.uint16:
        return torch.stack([resize_plane(plane, scale) for plane in pixels])
    image = to_pil(pixels.expand(3, -1, -1) if channels == 1 else pixels)
    larger = image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)
    return to_tensor(larger)[:channels]


def resize_plane(plane: Tensor, scale: int) -> Tensor:
    """One channel of 16 bits: uint16 (H, W) to (scale * H, scale * W)."""
    image = Image.fromarray(plane.numpy().astype(np.float32))
    larger = image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.asarray(larger).clip(0, 65535).round().astype(np.uint16))


def reduce_bicubic(image: Tensor, scale: int) -> Tensor:
    """Reduce with antialiasing as the literature does: Pillow's ``BICUBIC``, on 8-bit levels.

    Args:
        image: Float (1, 3, H, W) in [0, 1], or uint8 (3, H, W); sides divisible by ``scale``.
        scale: By how much.

    Returns:
        The same kind, with sides divided by ``scale``.

    Raises:
        PictureError: A side is not divisible.
    """
    height, width = image.shape[-2:]
    if height % scale or width % scale:
        raise PictureError(
            f"Expected sides divisible by {scale}, but got {width}x{height}. Cut the rest off."
        )
    levels = image if image.dtype == torch.uint8 else (image[0] * 255).round().to(torch.uint8)
    size = width // scale, height // scale
    small = change_channels(levels, lambda channel: channel.resize(size, Image.Resampling.BICUBIC))
    return small if image.dtype == torch.uint8 else small[None].float() / 255
