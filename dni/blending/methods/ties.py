"""TIES-Merging: small changes are dropped, and each parameter follows the sign that most of the rest have.

Yadav et al., "TIES-Merging: Resolving Interference When Merging Models", NeurIPS 2023,
https://arxiv.org/abs/2306.01708. We deviate in one point, as mergekit does: what is small is decided within
each tensor, not over the whole task vector, which would drop whole layers of small numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["elect_and_average", "trim"]

# Rounded down, as in mergekit, but 0.29 of 100 entries are 29: as floating point their product is below that.
ROUNDING = 1e-6


def trim(vector: Tensor, density: float) -> Tensor:
    """The vector with only its largest entries, by magnitude; the others are 0.

    Args:
        vector: Floating point, any shape.
        density: Share of the entries to keep, above 0 and at most 1; at least one stays.

    Returns:
        New memory, unless all are kept.
    """
    if density >= 1 or vector.numel() == 0:
        return vector
    count = max(1, int(density * vector.numel() + ROUNDING))
    flat = vector.flatten()
    kept = flat.abs().topk(count, sorted=False).indices
    return torch.zeros_like(flat).index_copy_(0, kept, flat[kept]).view_as(vector)


def elect_and_average(vectors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """The weighted mean, entry by entry, of those vectors that have the elected sign there.

    The sign with the larger sum of weighted entries is elected; 0 counts as positive.

    Args:
        vectors: Trimmed task vectors, of one shape and dtype.
        weights: One a vector, not negative.
    """
    stacked = torch.stack(list(vectors))  # (N, *shape)
    factors = torch.tensor(weights, dtype=stacked.dtype, device=stacked.device)
    factors = factors.view(-1, *[1] * (stacked.ndim - 1))
    weighted = stacked * factors
    elected = torch.where(weighted.sum(dim=0) >= 0, 1.0, -1.0)
    agrees = weighted.sign() == elected
    total = (factors * agrees).sum(dim=0)
    return (weighted * agrees).sum(dim=0) / torch.where(total > 0, total, 1.0)
