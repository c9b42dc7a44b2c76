"""How much of what the ends add to plain enlargement is left in their blend, and in which direction.

Most networks for restoration carry the input past their layers, so that even a blend of strangers keeps the
picture's brightness and contrast. What tells it from a blend of relatives is what the layers add. It is what
nearest, bilinear and bicubic enlargement and a constant do not explain, by least squares on the luma; of
networks that do not enlarge, what the input does not explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dni.metrics.distortion import luma

__all__ = ["Kept", "measure_kept"]

# Root mean square, of 255: what is less than a level is rounding.
SMALLEST_ADDITION = 1.0


@dataclass(frozen=True)
class Kept:
    """What a blend adds to plain enlargement, beside what its ends add.

    Attributes:
        share: The signed multiple correlation with what the ends add: 1 where the blend adds a mixture of
            that, 0 where it adds something else, negative where it takes away what they add.
        stray: Of what it adds, that which no mixture of the ends' makes: the root mean square, of 255.
    """

    share: float
    stray: float


def measure_kept(source: Tensor, blend: Tensor, pictures: Sequence[Tensor]) -> Kept | None:
    """How much of what a blend adds to plain enlargement is what its ends add.

    Args:
        source: The networks' input, uint8 (3, h, w).
        blend: The blend's picture, uint8 (3, H, W), a multiple of the source's size.
        pictures: Those of the ends, likewise.

    Returns:
        None where an end adds less than a level, or the sizes do not fit.
    """
    scale = blend.shape[-1] // source.shape[-1]
    if (source.shape[-2] * scale, source.shape[-1] * scale) != tuple(blend.shape[-2:]):
        return None
    explained = plain_enlargements(luma(source[None].double() / 255), scale)
    ours, *theirs = (
        unexplained(luma(picture[None].double() / 255).flatten(), explained) for picture in (blend, *pictures)
    )
    floor = SMALLEST_ADDITION * len(ours) ** 0.5
    if min(float(end.norm()) for end in theirs) < floor:
        return None
    stray = unexplained(ours, torch.stack(theirs, dim=1))
    sign = torch.sign(ours @ torch.stack(theirs).mean(dim=0))
    share = sign * (ours - stray).norm() / ours.norm().clamp(min=floor)
    return Kept(float(share), float(stray.norm()) / len(ours) ** 0.5)


def plain_enlargements(source: Tensor, scale: int) -> Tensor:
    """The luma (1, 1, h, w) enlarged in each plain way, and a constant, as columns: (H * W, ways)."""
    source = source.reshape(1, 1, *source.shape[-2:])
    ways = [source]
    if scale > 1:
        ways = [
            functional.interpolate(source, scale_factor=scale, mode="nearest"),
            functional.interpolate(source, scale_factor=scale, mode="bilinear", align_corners=False),
            functional.interpolate(source, scale_factor=scale, mode="bicubic", align_corners=False),
        ]
    return torch.stack([*(way.flatten() for way in ways), torch.ones_like(ways[0]).flatten()], dim=1)


def unexplained(values: Tensor, columns: Tensor) -> Tensor:
    """What the columns (N, K) do not explain of the values (N,), by least squares."""
    # Columns may be alike, as those of two equal ends are.
    basis, sizes, _ = torch.linalg.svd(columns, full_matrices=False)
    basis = basis[:, sizes > 1e-9 * sizes[0]]
    rest: Tensor = values - basis @ (basis.T @ values)
    return rest
