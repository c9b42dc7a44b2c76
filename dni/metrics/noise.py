"""Estimates the noise of a picture that has no reference.

Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 1994: the median of the
finest diagonal wavelet coefficients (Haar's here), which hold little else than noise, divided by the normal
distribution's. Texture counts as noise: a sharp photograph without any has an estimate of 1 to 4.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["noise_sigma"]

# The median of the absolute value of a normal distribution with standard deviation 1.
NORMAL_MEDIAN = 0.6744898
# Beside black and white, where noise is cut off; in levels.
MARGIN = 10
# Of the part that is looked at: it tells enough, and costs little wherever it is asked for.
LARGEST_SIDE = 512


def noise_sigma(rgb: Tensor) -> float:
    """The standard deviation of white noise in a picture, in 8-bit levels.

    Args:
        rgb: uint8 (3, H, W); of larger pictures than 512x512 the middle counts.

    Returns:
        The mean over the channels; 0 where nothing is far enough from black and white to tell.
    """
    if min(rgb.shape[1:]) < 2:
        return 0.0
    top, left = (max(0, (size - LARGEST_SIDE) // 2) for size in rgb.shape[1:])
    part = rgb[:, top : top + LARGEST_SIDE, left : left + LARGEST_SIDE].float()
    blocks = part.unfold(1, 2, 2).unfold(2, 2, 2)  # (3, H / 2, W / 2, 2, 2)
    diagonal = (blocks[..., 0, 0] + blocks[..., 1, 1] - blocks[..., 0, 1] - blocks[..., 1, 0]) / 2
    brightness = blocks.mean(dim=(-2, -1))
    inside = (brightness > MARGIN) & (brightness < 255 - MARGIN)
    sigmas = [
        float(values[kept].abs().median()) / NORMAL_MEDIAN if kept.any() else 0.0
        for values, kept in zip(diagonal, inside, strict=True)
    ]
    return float(torch.tensor(sigmas).mean())
