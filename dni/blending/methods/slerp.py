"""SLERP: along the arc between two tensors, so that their length does not shrink half-way.

Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985,
https://dl.acm.org/doi/10.1145/325334.325242; per tensor, as model merging uses it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["slerp"]

# Above this cosine the arc is as good as its chord, and below the negative one no arc is nearest.
NEARLY_PARALLEL = 0.9995


def slerp(first: Tensor, second: Tensor, alpha: float) -> Tensor:
    """The tensor at ``alpha`` on the arc from ``first`` (0) to ``second`` (1).

    The angle is that between the tensors as flat vectors; their lengths are left in, so that the weights of
    both are those of Shoemake's formula. Nearly parallel or zero tensors are interpolated linearly.

    Args:
        first: Floating point, any shape.
        second: Of the same shape, dtype and device.
        alpha: Any number; outside [0, 1] the arc goes on.

    Returns:
        At least float32, the same shape.
    """
    wide = torch.promote_types(first.dtype, torch.float32)
    one, other = first.to(wide), second.to(wide)
    norms = torch.linalg.vector_norm(one), torch.linalg.vector_norm(other)
    scale = float(norms[0]) * float(norms[1])
    cosine = float((one.flatten() * other.flatten()).sum()) / scale if scale > 0 else 1.0
    if abs(cosine) > NEARLY_PARALLEL:
        return torch.lerp(one, other, alpha)
    angle = math.acos(cosine)
    weights = (math.sin((1 - alpha) * angle) / math.sin(angle), math.sin(alpha * angle) / math.sin(angle))
    return weights[0] * one + weights[1] * other
