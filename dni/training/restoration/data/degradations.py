"""Degradations of the input of the end "clean": Gaussian noise, then JPEG.

Gaussian noise and JPEG of random strength, a simple form of BSRGAN's degradations (Zhang et al., "Designing
a Practical Degradation Model for Deep Blind Image Super-Resolution", ICCV 2021,
https://arxiv.org/abs/2103.14006).
"""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from dni.pictures.picture import to_pil, to_tensor

__all__ = ["add_noise", "compress", "compress_anywhere", "degrade", "jpeg_offset"]

MAX_SIGMA = 25.0
QUALITIES = (30, 95)
JPEG_SHARE = 0.7
# With colours at half the resolution, JPEG works on squares of 16 pixels.
JPEG_SQUARE = 16


def add_noise(picture: Tensor, sigma: float, generator: np.random.Generator, *, grey: bool = False) -> Tensor:
    """Add Gaussian noise, clip and round.

    Args:
        picture: uint8 (3, H, W).
        sigma: Standard deviation in levels of 255.
        generator: Where the noise comes from.
        grey: The same noise in all channels.

    Returns:
        uint8 (3, H, W).
    """
    channels = 1 if grey else len(picture)
    noise = torch.from_numpy(generator.normal(scale=sigma, size=(channels, *picture.shape[1:])))
    return (picture + noise).round().clamp(0, 255).to(torch.uint8)


def compress(picture: Tensor, quality: int) -> Tensor:
    """What a JPEG file with colours at half the resolution (4:2:0) keeps; uint8 (3, H, W) in and out."""
    file = io.BytesIO()
    to_pil(picture).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return to_tensor(Image.open(file))


def jpeg_offset(generator: np.random.Generator) -> tuple[int, int]:
    """Where a patch lies on JPEG's grid: anywhere, in pixels down and to the right.

    Were it always at a corner, a network could learn the place of the grid from the patch's border.
    """
    top, left = (int(offset) for offset in generator.integers(JPEG_SQUARE, size=2))
    return top, left


def compress_anywhere(picture: Tensor, quality: int, offset: tuple[int, int]) -> Tensor:
    """:func:`compress` a patch that lies so far inside of JPEG's grid; uint8 (3, H, W) in and out."""
    top, left = offset
    padded = functional.pad(picture[None].float(), (left, 0, top, 0), mode="reflect")[0].to(torch.uint8)
    return compress(padded, quality)[:, top:, left:]


def degrade(patch: Tensor, generator: np.random.Generator) -> Tensor:
    """Noise with a standard deviation of 0 to 25 levels, and in 7 cases of 10 JPEG of quality 30 to 95.

    Args:
        patch: uint8 (3, H, W), at least 16 pixels a side.
        generator: Decides on everything.

    Returns:
        uint8 (3, H, W).
    """
    patch = add_noise(patch, generator.uniform(0, MAX_SIGMA), generator)
    quality = int(generator.integers(QUALITIES[0], QUALITIES[1] + 1))
    offset = jpeg_offset(generator)
    return compress_anywhere(patch, quality, offset) if generator.random() < JPEG_SHARE else patch
