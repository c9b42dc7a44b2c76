"""Random augmentations of digit batches, independent for each digit, from a seeded generator.

None of them knows how a target domain is made: they move, recolour and hide, as RandAugment (Cubuk et
al., 2020, https://arxiv.org/abs/1909.13719) and cutout (DeVries & Taylor, 2017,
https://arxiv.org/abs/1708.04552) do.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["moved", "strong", "weak"]

MAX_SHIFT = 2 / 14  # two pixels, in the units of affine_grid
MAX_TURN = math.radians(15)
MAX_SCALE = 0.15
MAX_SHEAR = 0.2
CUTOUT = 8


def uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Resample (B, 3, H, W) by (B, 2, 3) affine matrices; what lies outside repeats the border."""
    grid = functional.affine_grid(matrices.to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def weak(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each of (B, 3, 28, 28) by up to two pixels."""
    count = len(images)
    matrices = torch.eye(2, 3).repeat(count, 1, 1)
    matrices[:, :, 2] = uniform(2 * count, -MAX_SHIFT, MAX_SHIFT, generator).view(count, 2)
    return warp(images, matrices)


def strong(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, scale, shear, shift, recolour and partly hide each of (B, 3, 28, 28), RGB in [0, 1]."""
    return cut_out(recolour(moved(images, generator), generator), generator)


def moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, scale, shear and shift each of (B, 3, 28, 28)."""
    return warp(images, random_affine(len(images), generator))


def random_affine(count: int, generator: torch.Generator) -> Tensor:
    """(B, 2, 3) matrices."""
    angle = uniform(count, -MAX_TURN, MAX_TURN, generator)
    shear = uniform(count, -MAX_SHEAR, MAX_SHEAR, generator)
    scale = uniform(count, 1 - MAX_SCALE, 1 + MAX_SCALE, generator)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    matrices = torch.stack((cosine, shear - sine, sine, cosine), dim=1).view(count, 2, 2)
    shift = uniform(2 * count, -MAX_SHIFT, MAX_SHIFT, generator).view(count, 2, 1)
    return torch.cat((matrices, shift), dim=2)


def recolour(images: Tensor, generator: torch.Generator) -> Tensor:
    """Map each colour channel of each image linearly to a random range, half of the ranges upside down."""
    count = len(images)
    low, high = torch.rand(2, count, 3, 1, 1, generator=generator).to(images.device).unbind()
    noise = (
        0.1 * torch.rand(count, 1, 1, 1, generator=generator) * torch.randn(images.shape, generator=generator)
    )
    return (low + (high - low) * images + noise.to(images.device)).clamp(0, 1)


def cut_out(images: Tensor, generator: torch.Generator) -> Tensor:
    """Replace a random square of each image by a random colour."""
    count, _, height, width = images.shape
    top = torch.randint(height - CUTOUT + 1, (count,), generator=generator)
    left = torch.randint(width - CUTOUT + 1, (count,), generator=generator)
    rows, columns = torch.arange(height), torch.arange(width)
    in_rows = (rows >= top[:, None]) & (rows < top[:, None] + CUTOUT)  # (B, H)
    in_columns = (columns >= left[:, None]) & (columns < left[:, None] + CUTOUT)
    hidden = (in_rows[:, None, :, None] & in_columns[:, None, None, :]).to(images.device)
    colour = torch.rand(count, 3, 1, 1, generator=generator).to(images.device)
    return torch.where(hidden, colour, images)
