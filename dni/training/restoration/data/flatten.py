"""Flattens photographs by a guided filter: the target of the end "flat".

The guided filter of He, Sun and Tang, "Guided Image Filtering", ECCV 2010
(https://people.csail.mit.edu/kaiming/publications/eccv10guidedfilter.pdf), with each channel as its own
guide. We apply a weak one four times: a single strong one, or a larger ``EPSILON``, blurs edges before
texture is gone.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["flatten", "guided_filter"]

RADIUS = 8
EPSILON = 0.002
PASSES = 4


def box_mean(image: Tensor, radius: int) -> Tensor:
    """Mean over the pixels of a (2 * radius + 1) square that lie in the image; float (B, C, H, W)."""
    side = 2 * radius + 1
    # Rows, then columns: a mean over a rectangle, also where the border cuts it, in far fewer steps.
    rows = functional.avg_pool2d(image, (side, 1), 1, (radius, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, side), 1, (0, radius), count_include_pad=False)


def guided_filter(image: Tensor, *, radius: int, epsilon: float) -> Tensor:
    """Smooth each channel with itself as the guide.

    Args:
        image: Float (B, C, H, W) in [0, 1].
        radius: Of the windows, in pixels.
        epsilon: Variance below which a window counts as texture, in squared units of the image.

    Returns:
        Float (B, C, H, W) in [0, 1].

    Raises:
        ValueError: Another shape or dtype.
    """
    if image.ndim != 4 or not image.is_floating_point():
        raise ValueError(
            f"Expected a float image of shape (B, C, H, W), but got {image.dtype} of {tuple(image.shape)}."
        )
    mean = box_mean(image, radius)
    variance = (box_mean(image.square(), radius) - mean.square()).clamp_min(0)
    slope = variance / (variance + epsilon)
    offset = (1 - slope) * mean
    return box_mean(slope, radius) * image + box_mean(offset, radius)


def flatten(photograph: Tensor) -> Tensor:
    """The photograph without its texture, uint8 (3, H, W) in and out."""
    image = photograph[None].float() / 255
    for _ in range(PASSES):
        image = guided_filter(image, radius=RADIUS, epsilon=EPSILON)
    return (image[0] * 255).round().clamp(0, 255).to(torch.uint8)
