"""Model Stock: how far to go from the ancestor to the mean of its descendants, from the angle between them.

Jang, Yun and Han, "Model Stock: All we need is just a few fine-tuned models", ECCV 2024,
https://arxiv.org/abs/2403.19522. Descendants that agree in direction are followed far; where they have only
noise in common, the ancestor stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

__all__ = ["stock_ratio"]

# So that vectors of zeros have no direction instead of NaN; all others are longer, having been float32.
SMALLEST = 1e-60


def stock_ratio(vectors: Sequence[Tensor]) -> float:
    """The paper's ``t = N cos / (1 + (N - 1) cos)`` for one layer.

    Args:
        vectors: One or more task vectors of the layer, floating point, of one shape. The cosine is the mean
            over all pairs.

    Returns:
        From 0, the ancestor stays, to 1, the mean of the descendants. 0 too where they oppose each other:
        they have nothing in common there, and the formula has no bound. 1 for one, which opposes none.
    """
    if len(vectors) == 1:
        return 1.0
    flat = [vector.flatten().double() for vector in vectors]
    lengths = [max(float(vector.norm()), SMALLEST) for vector in flat]
    directions = [vector / length for vector, length in zip(flat, lengths, strict=True)]
    cosines = [float((a * b).sum()) for a, b in combinations(directions, 2)]
    cosine = float(torch.tensor(cosines, dtype=torch.float64).clamp(-1, 1).mean())
    return 0.0 if cosine <= 0 else len(flat) * cosine / (1 + (len(flat) - 1) * cosine)
