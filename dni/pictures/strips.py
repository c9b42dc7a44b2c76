"""Works on whole pictures by strips and channels, so that a large one takes no multiple of its memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch import Tensor

from dni.pictures.picture import to_tensor

__all__ = ["change_channels", "over_checkerboard", "over_level", "strips_of", "thumbnail_over_checkerboard"]

STRIP_PIXELS = 1 << 20
# What stands for transparency: squares of two greys.
CHECKER_SIDE = 8
CHECKER_LEVELS = (204, 153)


def strips_of(height: int, width: int) -> Iterator[slice]:
    """The rows of strips of about a million pixels, from the top."""
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def over_level(pixels: Tensor, opacity: Tensor | None, level: int) -> Tensor:
    """Lay a translucent picture over one grey.

    Args:
        pixels: uint8 (C, H, W).
        opacity: uint8 (1, H, W), or None where all is opaque.
        level: Of the grey, 0 to 255.

    Returns:
        uint8 (C, H, W); ``pixels`` itself where all is opaque.
    """
    if opacity is None:
        return pixels
    output = torch.empty_like(pixels)
    for rows in strips_of(*pixels.shape[1:]):
        share = opacity[:, rows].float() / 255
        output[:, rows] = (pixels[:, rows] * share + level * (1 - share)).round().to(torch.uint8)
    return output


def over_checkerboard(pixels: Tensor, opacity: Tensor | None, *, left: int = 0, top: int = 0) -> Tensor:
    """Lay a translucent picture over a checkerboard, which shows where it is transparent.

    Args:
        pixels: uint8 (C, H, W).
        opacity: uint8 (1, H, W), or None where all is opaque.
        left, top: Where the pixels are in a larger picture, so that its parts fit together.

    Returns:
        uint8 (C, H, W); ``pixels`` itself where all is opaque.
    """
    if opacity is None:
        return pixels
    columns = (left + torch.arange(pixels.shape[2])) // CHECKER_SIDE
    output = torch.empty_like(pixels)
    for rows in strips_of(*pixels.shape[1:]):
        lines = (top + torch.arange(rows.start, rows.stop)) // CHECKER_SIDE
        levels = torch.tensor(CHECKER_LEVELS)[(lines[:, None] + columns) % 2]  # (h, W)
        share = opacity[:, rows].float() / 255
        output[:, rows] = (pixels[:, rows] * share + levels * (1 - share)).round().to(torch.uint8)
    return output


def change_channels(pixels: Tensor, change: Callable[[Image.Image], Image.Image]) -> Tensor:
    """Do the same to every channel of uint8 (C, H, W), each as an "L" image; gives uint8 (C, h, w)."""
    return torch.cat([to_tensor(change(Image.fromarray(plane.contiguous().numpy()))) for plane in pixels])


def thumbnail_over_checkerboard(rgb: Tensor, opacity: Tensor | None, *, side: int) -> Tensor:
    """A picture, reduced so that neither side exceeds ``side``, over a checkerboard of its own.

    Args:
        rgb, opacity: As of :func:`over_checkerboard`.
        side: In pixels.

    Returns:
        uint8 (3, h, w), as Pillow's ``thumbnail`` gives it; never enlarged.
    """

    def reduce(image: Image.Image) -> Image.Image:
        image.thumbnail((side, side))
        return image

    small = None if opacity is None else change_channels(opacity, reduce)
    return over_checkerboard(change_channels(rgb, reduce), small)
