"""Automatic masks from detail and luminance, and inverting and blurring masks.

All masks are uint8 (H, W) on the CPU: 0 where nothing is painted, 255 where all is. The same picture always
gives the same mask.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from dni.masks.files import MAX_STORED_SIDE, MaskError, check_mask
from dni.pictures.picture import to_pil, to_tensor
from dni.pictures.strips import strips_of

__all__ = ["detail_mask", "feather", "invert", "luminance_mask"]

# Detail is measured over some ten pixels: wider than a texture's period, narrower than most objects.
DETAIL_RADIUS = 8.0
# Standard deviations of luma, in 8-bit levels: noise and JPEG artefacts reach the first; what reaches the
# second is always textured, so that a flat picture's faint structures are not taken for texture.
NO_DETAIL, CLEAR_DETAIL = 2.0, 10.0
# The share of pixels that count as fully textured where a picture has much texture.
MOST_DETAILED = 0.1
MAX_RADIUS = 1000.0


def luminance_mask(rgb: Tensor) -> Tensor:
    """Paint bright parts: the picture's BT.601 luma.

    Args:
        rgb: uint8 (3, H, W) on the CPU.

    Returns:
        uint8 (H, W).

    Raises:
        ValueError: Another shape or dtype.
    """
    height, width = rgb.shape[-2:]
    strips = [to_tensor(to_pil(rgb[:, rows]).convert("L"))[0] for rows in strips_of(height, width)]
    return torch.cat(strips)


def detail_mask(rgb: Tensor, *, radius: float = DETAIL_RADIUS) -> Tensor:
    """Paint texture only where the picture has texture.

    The local standard deviation of luma, in a Gaussian window, from "as flat as noise" (0) to the 90th
    percentile of the picture (255): so a few hard edges do not set the scale. The mask of a large picture is
    as large as a recipe stores it: texture is a matter of areas.

    Args:
        rgb: uint8 (3, H, W) on the CPU.
        radius: How far around a pixel detail counts, in pixels: two standard deviations of the window.

    Returns:
        uint8 (H, W), reduced where a side would exceed 512.

    Raises:
        ValueError: Another shape or dtype.
        MaskError: The radius is not a number from 0 to 1000.
    """
    light = luminance_mask(rgb)
    factor = min(1.0, MAX_STORED_SIDE / max(light.shape))
    size = max(1, round(light.shape[0] * factor)), max(1, round(light.shape[1] * factor))
    means = mean_powers(light, size)
    mean, mean_square = (blur(part, radius * factor) for part in means)
    deviation = (mean_square - mean.square()).clamp_(min=0).sqrt_()
    rank = max(1, math.ceil((1 - MOST_DETAILED) * deviation.numel()))
    most = max(CLEAR_DETAIL, float(deviation.flatten().kthvalue(rank).values))
    return to_levels((deviation - NO_DETAIL) / (most - NO_DETAIL) * 255)


def mean_powers(light: Tensor, size: tuple[int, int]) -> Tensor:
    """Means of light and of its square in a grid of cells: float32 (2, *size), one row of cells at a time.

    Centred first: the difference of two large squares would lose the small deviations.
    """
    (height, _), (rows, columns) = light.shape, size
    centre = int(light.sum(dtype=torch.int64)) / light.numel()
    means = []
    for row in range(rows):
        top, bottom = row * height // rows, -(-(row + 1) * height // rows)
        cells = light[top:bottom].float() - centre
        means.append(functional.adaptive_avg_pool2d(torch.stack((cells, cells.square())), (1, columns)))
    return torch.cat(means, dim=1)


def invert(mask: Tensor) -> Tensor:
    """Paint what was not painted: uint8 (H, W) in and out.

    Raises:
        MaskError: Another shape or dtype.
    """
    check_mask(mask)
    return 255 - mask


def feather(mask: Tensor, radius: float) -> Tensor:
    """Soften a mask's edges by a Gaussian blur.

    Args:
        mask: uint8 (H, W).
        radius: How far an edge spreads to either side, in pixels: two standard deviations. 0 changes nothing.

    Returns:
        uint8 (H, W).

    Raises:
        MaskError: Another shape or dtype, or the radius is not a number from 0 to 1000.
    """
    check_mask(mask)
    return to_levels(blur(mask.float(), radius))


def blur(values: Tensor, radius: float) -> Tensor:
    """Gaussian blur of float (H, W), the border repeated; ``radius`` is two standard deviations."""
    if not 0 <= radius <= MAX_RADIUS:
        raise MaskError(
            f"Expected a radius from 0 to {MAX_RADIUS:.0f} pixels, but got {radius}. Choose one between."
        )
    if radius == 0:
        return values
    reach = math.ceil(1.5 * radius)  # three standard deviations
    kernel = torch.exp(-2 * (torch.arange(-reach, reach + 1) / radius).square())
    kernel /= kernel.sum()
    across = functional.pad(values[None, None], (reach, reach, 0, 0), mode="replicate")
    across = functional.conv2d(across, kernel.view(1, 1, 1, -1))
    down = functional.pad(across, (0, 0, reach, reach), mode="replicate")
    return functional.conv2d(down, kernel.view(1, 1, -1, 1))[0, 0]


def to_levels(values: Tensor) -> Tensor:
    """Float (H, W) to the nearest of 0..255."""
    return values.round().clamp(0, 255).to(torch.uint8)
