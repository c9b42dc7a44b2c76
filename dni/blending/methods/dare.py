"""DARE: random changes are dropped and the others made larger, so that the sum is expected to be the same.

Yu et al., "Language Models are Super Mario: Absorbing Abilities from Homologous Models as a Free Lunch",
ICML 2024, https://arxiv.org/abs/2311.03099.
"""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

__all__ = ["drop_and_rescale"]


def drop_and_rescale(vector: Tensor, density: float, *, seed: int, name: str) -> Tensor:
    """Keep each entry with probability ``density``, divided by it; the others are 0.

    Args:
        vector: A task vector: floating point, any shape and device.
        density: Above 0 and at most 1.
        seed: Of the draw.
        name: The tensor's, so that each has a draw of its own, whatever else is merged.

    Returns:
        New memory. The same on every device: the draw is made on the CPU.
    """
    if density >= 1:
        return vector.clone()
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
    kept = torch.bernoulli(torch.full(vector.shape, density), generator=generator)
    return vector * (kept.to(vector.device, vector.dtype) / density)
