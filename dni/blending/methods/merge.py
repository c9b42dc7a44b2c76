"""Merges one tensor of every end by a merge method; the shares have the same meaning in all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from dni.blending.methods.dare import drop_and_rescale
from dni.blending.methods.merge_method import MergeMethod
from dni.blending.methods.model_stock import stock_ratio
from dni.blending.methods.slerp import slerp
from dni.blending.methods.ties import elect_and_average, trim

__all__ = ["is_merged", "merge_tensors"]

STATISTICS = ("running_mean", "running_var")


def is_merged(name: str) -> bool:
    """Whether a tensor is merged by the method; statistics of batch norms are always averaged."""
    return name.rpartition(".")[2] not in STATISTICS


def merge_tensors(
    name: str, tensors: Sequence[Tensor], shares: Sequence[float], method: MergeMethod
) -> Tensor:
    """One tensor of the merged network.

    With ``s_i`` the shares of the ends behind the first, TIES, DARE and Model Stock give
    ``first + sum(s) * merged``, where ``merged`` is the method's mean of the task vectors, weighted in the
    proportions of the shares. So all of them start at the first end, and with two ends and a density of 1
    TIES and DARE are the straight line. An end with a share of 0 changes nothing.

    Args:
        name: The tensor's; DARE draws by it.
        tensors: One an end, floating point, of one shape; the first is the ancestor's.
        shares: One an end, with a sum of 1.
        method: How.

    Returns:
        At least float32, of the same shape.
    """
    if method.name == "slerp":
        return slerp(tensors[0], tensors[1], shares[1])
    wide = torch.promote_types(tensors[0].dtype, torch.float32)
    ancestor = tensors[0].to(wide)
    vectors = [tensor.to(wide) - ancestor for tensor in tensors[1:]]
    scales = list(shares[1:])
    if all(scale == 0 for scale in scales):
        return ancestor.clone()
    if method.name == "model-stock":
        used = [vector for vector, scale in zip(vectors, scales, strict=True) if scale]
        return ancestor + stock_ratio(used) * weighted_sum(vectors, scales)
    assert method.density is not None, "TIES and DARE have one"
    if method.draws:
        vectors = [
            drop_and_rescale(vector, method.density, seed=method.seed, name=f"{name} {number}")
            for number, vector in enumerate(vectors, start=1)
        ]
    if method.name == "dare":
        return ancestor + weighted_sum(vectors, scales)
    if method.name == "ties":
        vectors = [trim(vector, method.density) for vector in vectors]
    return ancestor + elected(vectors, scales)


def weighted_sum(vectors: Sequence[Tensor], scales: Sequence[float]) -> Tensor:
    total = torch.zeros_like(vectors[0])
    for vector, scale in zip(vectors, scales, strict=True):
        total.add_(vector, alpha=scale)
    return total


def elected(vectors: Sequence[Tensor], scales: Sequence[float]) -> Tensor:
    """The disjoint mean times the length of the scales; a negative one turns its vector around."""
    length = math.fsum(map(abs, scales))
    turned = [-vector if scale < 0 else vector for vector, scale in zip(vectors, scales, strict=True)]
    return length * elect_and_average(turned, [abs(scale) / length for scale in scales])
