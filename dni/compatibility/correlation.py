"""Correlation of two networks' filters, layer by layer.

Wang et al., "Deep Network Interpolation for Continuous Imagery Effect Transition", CVPR 2019,
https://arxiv.org/abs/1811.10515, explain with such correlations why networks of one ancestor blend. What
is computed here, exactly: a filter is what makes one output of a layer, as one row of numbers with their
mean taken off; the correlation of two filters is their inner product, divided by both of their norms; a
layer's correlation is the mean over its filters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from dni.blending.layer_groups import layer_groups

__all__ = ["LayerCorrelation", "correlation_by_group", "filter_correlation", "mean_correlation"]

# float32 resolves no finer differences inside a filter.
RESOLUTION = 1e-7


@dataclass(frozen=True)
class LayerCorrelation:
    """One layer's correlation with the first end.

    Attributes:
        name: The layer's weight in the state.
        group: Its group in :func:`dni.blending.layer_groups.layer_groups`.
        correlations: One number from -1 to 1 for each of the other ends, in their order; 1 is "the same
            filters, but for a factor and a constant", 0 is "unrelated".
    """

    name: str
    group: str
    correlations: tuple[float, ...]


def filter_correlation(
    states: Sequence[Mapping[str, Tensor]], execution_order: Mapping[str, int] | None = None
) -> list[LayerCorrelation]:
    """The correlation of every layer's filters with those of the first end.

    Args:
        states: Two or more states with equal names and shapes, as built networks list them. A layer is a
            floating tensor named "...weight" of two or more dimensions, filters first. A transposed
            convolution lists its inputs first; there, "filter" means what one input adds.
        execution_order: The order of the layers; see :func:`dni.blending.layer_groups.layer_groups`.

    Returns:
        The layers in order of depth.
    """
    first = states[0]
    groups = {name: group for group, names in layer_groups(first, execution_order).items() for name in names}
    return [
        LayerCorrelation(
            name, groups[name], tuple(tensor_correlation(first[name], state[name]) for state in states[1:])
        )
        for name in groups
        if first[name].ndim >= 2 and first[name].numel() and name.rpartition(".")[2].endswith("weight")
    ]


def tensor_correlation(ours: Tensor, theirs: Tensor) -> float:
    """The mean correlation of two layers' filters, (N, ...) each.

    A constant filter has no direction: it counts 1 beside an equal one, otherwise 0.
    """
    a, b = (tensor.detach().flatten(start_dim=1).double() for tensor in (ours, theirs))  # (N, n)
    each = (directions(a) * directions(b)).sum(dim=1).clamp(-1, 1)
    return float(torch.where((a == b).all(dim=1), 1.0, each).mean())


def directions(filters: Tensor) -> Tensor:
    """Every row without its mean, at length 1; zero where the row is constant but for rounding."""
    centred = filters - filters.mean(dim=1, keepdim=True)
    lengths = centred.norm(dim=1, keepdim=True)
    varies = lengths > RESOLUTION * filters.norm(dim=1, keepdim=True)
    return torch.where(varies, centred / lengths.where(varies, 1.0), 0.0)


def mean_correlation(layers: Sequence[LayerCorrelation], other: int = 0) -> float:
    """The mean over all layers for one of the other ends; 1 where there is no layer."""
    return fmean(layer.correlations[other] for layer in layers) if layers else 1.0


def correlation_by_group(layers: Sequence[LayerCorrelation], other: int = 0) -> dict[str, float]:
    """The mean over each group's layers for one of the other ends, in order of depth."""
    groups = dict.fromkeys(layer.group for layer in layers)
    return {
        group: mean_correlation([layer for layer in layers if layer.group == group], other)
        for group in groups
    }
