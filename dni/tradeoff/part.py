"""Which part of a picture is measured: what is asked for, or as much of it as there is time for."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dni.errors import DniError
from dni.masks.levels import sample_mask
from dni.recipes.render_request import Crop

__all__ = ["MIN_SIDE", "choose_part", "cut", "mask_of_part", "scaled", "too_small"]

# SSIM's window and the extractor's strides need this much.
MIN_SIDE = 16


def choose_part(
    size: tuple[int, int], asked: Crop | None, *, unit: int, max_pixels: int, mask: Tensor | None = None
) -> Crop:
    """The part to measure: what is asked for, or as much of it where most is painted, or in its middle.

    Args:
        size: (height, width) of what the network is given.
        asked: The part that is asked for, in pixels of the picture; all of it by default.
        unit: How many pixels of the picture are one of what the network is given.
        max_pixels: The most to measure, of what the network is given.
        mask: Where something is painted, uint8 (H, W) over the whole picture.

    Returns:
        Left, top, width and height, in pixels of what the network is given.

    Raises:
        DniError: The part is not inside the picture, or too small to measure.
    """
    whole_height, whole_width = size
    crop = asked or (0, 0, whole_width * unit, whole_height * unit)
    left, top, width, height = (value // unit for value in crop)
    if not (0 <= left <= left + width <= whole_width and 0 <= top <= top + height <= whole_height):
        raise DniError(
            f"Expected a crop inside the {whole_width * unit}x{whole_height * unit} picture, but got "
            f"{crop[2]}x{crop[3]} at ({crop[0]}, {crop[1]}). Move it or make it smaller."
        )
    if min(width, height) < MIN_SIDE:
        raise too_small(crop[2], crop[3], unit=unit)
    shrink = min(1.0, math.sqrt(max_pixels / (width * height)))
    smaller = max(MIN_SIDE, int(width * shrink)), max(MIN_SIDE, int(height * shrink))
    across, down = (width - smaller[0]) // 2, (height - smaller[1]) // 2
    if mask is not None:
        painted = mask_of_part(mask, (left, top, width, height), size=size)
        across, down = most_painted(painted, smaller, middle=(across, down))
    return left + across, top + down, *smaller


def mask_of_part(mask: Tensor, part: Crop, *, size: tuple[int, int], scale: int = 1) -> Tensor:
    """The mask at every pixel of a part, each ``scale`` times enlarged.

    Args:
        mask: uint8 (H, W) over the whole picture.
        part: Of what the network is given.
        size: (height, width) of all that the network is given.
        scale: The network's, for the mask at the pixels of its output.

    Returns:
        float32 (scale * height, scale * width) in [0, 255].
    """
    left, top, width, height = scaled(part, scale)
    whole = size[0] * scale, size[1] * scale
    return sample_mask(mask, output_size=whole, top=top, left=left, size=(height, width))


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


def cut(rgb: Tensor, crop: Crop) -> Tensor:
    left, top, width, height = crop
    return rgb[:, top : top + height, left : left + width]


def scaled(crop: Crop, scale: int) -> Crop:
    left, top, width, height = crop
    return left * scale, top * scale, width * scale, height * scale
