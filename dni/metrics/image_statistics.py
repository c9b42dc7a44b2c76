"""Image statistics (brightness, contrast, texture) and the distance between two pictures' statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dni.metrics.distortion import luma
from dni.metrics.spectra import fine_energy

__all__ = ["ImageStatistics", "decibels", "distance", "image_statistics"]

# BT.601's luma of black, and from there to white.
BLACK, RANGE = 16.0, 219.0


@dataclass(frozen=True)
class ImageStatistics:
    """What the eye gets of a picture.

    Attributes:
        brightness: Mean luma, from 0 (black) to 1 (white).
        contrast: Standard deviation of the luma, of the same range.
        texture: Share of the luma's spectral energy above half the Nyquist frequency, from 0 to 1.
    """

    brightness: float
    contrast: float
    texture: float


def image_statistics(picture: Tensor) -> ImageStatistics:
    """The look of one picture, uint8 (3, H, W)."""
    image = picture[None].float() / 255
    y = luma(image)
    height, width = y.shape[-2:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    # Parseval: the energy at all frequencies, without transforming.
    energy = ((y - y.mean()) * window).square().sum() * height * width
    texture = float(fine_energy(image) / energy) if energy > 0 else 0.0
    return ImageStatistics(float((y.mean() - BLACK) / RANGE), float(y.std(correction=0) / RANGE), texture)


def distance(one: Tensor, other: Tensor) -> float:
    """Root mean square of the difference, in levels of 255."""
    return float((one - other).square().mean().sqrt())


def decibels(levels: float) -> float | None:
    """The PSNR of a distance in levels, in dB; None for equal pictures."""
    return 20 * math.log10(255 / levels) if levels > 0 else None
