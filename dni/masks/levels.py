"""Mask levels: the mask's value at every output pixel, and the few values at which networks are run."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dni.masks.files import MaskError, check_mask
from dni.pictures.rectangle import Rectangle

__all__ = ["DEFAULT_LEVELS", "choose_levels", "sample_mask", "weights"]

# Measured (benchmarks/masks.md): with four steps every soft mask is above 50 dB from the exact picture, on
# the bundled and on the real pair; with two steps not.
DEFAULT_LEVELS = 4
# So much of the area may be soft between values that fill the rest, without levels of its own: in soft areas
# one step from 0 to 255 is 37 dB from the exact picture at worst, and a twentieth of that error is 50 dB.
SOFT_SHARE = 0.05


def choose_levels(mask: Tensor, *, steps: int | None = None, output_size: tuple[int, int]) -> tuple[int, ...]:
    """The values of the mask at which the network is run; between two of them pictures are mixed.

    A mask of few values gets exactly these: one pass for a constant mask, two for a hard one. Any other
    gets ``steps + 1`` values, evenly from its lowest to its highest.

    Args:
        mask: uint8 (H, W).
        steps: The most steps between levels (K), 1 to 255; 4 by default.
        output_size: (height, width) of the output; a mask of that size has no soft pixels between its own.

    Returns:
        At most ``steps + 1`` numbers, increasing, from the mask's lowest value to its highest.

    Raises:
        MaskError: The mask or the number of steps cannot be used.
    """
    size = check_mask(mask)
    steps = DEFAULT_LEVELS if steps is None else steps
    if not 1 <= steps <= 255:
        raise MaskError(f"Expected from 1 to 255 steps between levels, but got {steps}. Choose one between.")
    flat = distinct(mask) if size == output_size else flat_values(mask)
    low, high = int(mask.min()), int(mask.max())
    values = {low, high, *flat}
    if not flat or len(values) > steps + 1:
        values = {low + round((high - low) * step / steps) for step in range(steps + 1)}
    return tuple(sorted(values))


def distinct(values: Tensor) -> list[int]:
    """The different values of a uint8 tensor, increasing."""
    return torch.bincount(values.flatten(), minlength=256).nonzero().flatten().tolist()


def flat_values(mask: Tensor) -> list[int]:
    """The values of the flat areas of a mask, or none where more than 5 % of it is not flat.

    A place is flat where its four neighbouring pixels are equal, so that no size makes it soft.
    """
    padded = functional.pad(mask[None].float(), (1, 1, 1, 1), mode="replicate")
    highest = functional.max_pool2d(padded, 2, 1)[0]
    flat = highest == -functional.max_pool2d(-padded, 2, 1)[0]
    if int(flat.sum()) < (1 - SOFT_SHARE) * flat.numel():
        return []
    return distinct(highest[flat].to(torch.uint8))


def sample_mask(mask: Tensor, part: Rectangle, *, output_size: tuple[int, int]) -> Tensor:
    """The mask at a part of the output pixels, bilinearly, pixels being areas (``align_corners=False``).

    Args:
        mask: uint8 (H, W), lying over the whole output.
        part: In output pixels.
        output_size: (height, width) of the whole output.

    Returns:
        float32 (height, width) of the part, in [0, 255]; exactly the mask's value where its neighbours are
        equal.
    """
    rows, below, part_down = neighbours(mask.shape[0], output_size[0], part.top, part.height)
    columns, beside, part_across = neighbours(mask.shape[1], output_size[1], part.left, part.width)
    down = torch.lerp(mask[rows].float(), mask[below].float(), part_down[:, None])  # (height, W)
    return torch.lerp(down[:, columns], down[:, beside], part_across[None, :])


def neighbours(length: int, output_length: int, start: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """For output pixels along one axis: the mask's pixels before and after, and how far between them."""
    centres = torch.arange(start, start + count, dtype=torch.float64) + 0.5
    positions = (centres * length / output_length - 0.5).clamp(0, length - 1)
    before = positions.long()
    return before, (before + 1).clamp(max=length - 1), (positions - before).float()


def weights(values: Tensor, levels: tuple[int, ...], index: int) -> Tensor:
    """How much of one level's picture goes into every pixel: linear between the two nearest levels.

    Args:
        values: float32 (h, w) from the first level to the last.
        levels: Increasing.
        index: Which level.

    Returns:
        float32 (h, w) in [0, 1]; over all levels they sum to 1.
    """
    weight, level = torch.ones_like(values), levels[index]
    if index > 0:
        below = levels[index - 1]
        weight = (values - below).div_(level - below).clamp_(0, 1)
    if index + 1 < len(levels):
        above = levels[index + 1]
        weight = torch.minimum(weight, (above - values).div_(above - level).clamp_(0, 1))
    return weight
