"""Chooses the part of a picture that is measured."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dni.errors import DniError
from dni.masks.levels import sample_mask
from dni.pictures.rectangle import Rectangle

__all__ = ["MIN_SIDE", "choose_part", "mask_of_part", "too_small"]

# SSIM's window and the extractor's strides need this much.
MIN_SIDE = 16


def choose_part(
    size: tuple[int, int],
    asked: Rectangle | None,
    *,
    unit: int,
    max_pixels: int,
    mask: Tensor | None = None,
) -> Rectangle:
    """The part to measure: what is asked for, or as much of it where most is painted, or in its middle.

    Args:
        size: (height, width) of what the network is given.
        asked: The part that is asked for, in pixels of the picture; all of it by default.
        unit: How many pixels of the picture are one of what the network is given.
        max_pixels: The most to measure, of what the network is given.
        mask: Where something is painted, uint8 (H, W) over the whole picture.

    Returns:
        The part, in pixels of what the network is given.

    Raises:
        DniError: The part is not inside the picture, or too small to measure.
    """
    height, width = size
    whole = Rectangle.whole(width, height)
    crop = asked or whole.scaled(unit)
    part = crop.reduced(unit)
    if min(part.width, part.height) < MIN_SIDE:
        raise too_small(crop.width, crop.height, unit=unit)
    if not part.is_inside(width, height):
        # Only then: what a reduction by the unit leaves over at the right and the bottom may be asked for.
        crop.check_inside(width * unit, height * unit, name="crop")
    shrink = min(1.0, math.sqrt(max_pixels / part.area))
    smaller = max(MIN_SIDE, int(part.width * shrink)), max(MIN_SIDE, int(part.height * shrink))
    across, down = (part.width - smaller[0]) // 2, (part.height - smaller[1]) // 2
    if mask is not None:
        painted = mask_of_part(mask, part, size=size)
        across, down = most_painted(painted, smaller, middle=(across, down))
    return Rectangle(part.left + across, part.top + down, *smaller)


def mask_of_part(mask: Tensor, part: Rectangle, *, size: tuple[int, int], scale: int = 1) -> Tensor:
    """The mask at every pixel of a part, each ``scale`` times enlarged.

    Args:
        mask: uint8 (H, W) over the whole picture.
        part: Of what the network is given.
        size: (height, width) of all that the network is given.
        scale: The network's, for the mask at the pixels of its output.

    Returns:
        float32 (scale * height, scale * width) in [0, 255].
    """
    whole = size[0] * scale, size[1] * scale
    return sample_mask(mask, part.scaled(scale), output_size=whole)


def most_painted(painted: Tensor, size: tuple[int, int], *, middle: tuple[int, int]) -> tuple[int, int]:
    """Left and top of the window that holds most paint, of several the nearest to the middle.

    Args:
        painted: float (h, w).
        size: Width and height of the window, which fits.
        middle: Left and top of the window in the middle.
    """
    width, height = size
    sums = torch.nn.functional.pad(painted.round().double(), (1, 0, 1, 0)).cumsum(0).cumsum(1)
    held = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    tops, lefts = (held == held.max()).nonzero(as_tuple=True)
    nearest = int(((lefts - middle[0]).square() + (tops - middle[1]).square()).argmin())
    return int(lefts[nearest]), int(tops[nearest])


def too_small(width: int, height: int, *, unit: int) -> DniError:
    side = MIN_SIDE * unit
    return DniError(
        f"Expected at least {side}x{side} pixels to measure, but got {width}x{height}. Take a larger part."
    )
