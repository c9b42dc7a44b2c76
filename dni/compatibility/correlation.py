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

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dni.blending.layer_groups import layer_groups

__all__ = ["LayerCorrelation", "correlation_by_group", "filter_correlation", "mean_correlation"]

Filters = NDArray[np.float64]

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

    A constant filter has no direction: it counts 1 beside an equal one, otherwise 0. By NumPy, on one thread:
    hundreds of layers are as many short computations, and where the processor is busy PyTorch's threads wait
    for one another in each.
    """
    a, b = (filters_of(tensor) for tensor in (ours, theirs))  # (N, n)
    each = (directions(a) * directions(b)).sum(axis=1).clip(-1, 1)
    return float(np.where((a == b).all(axis=1), 1.0, each).mean())


def filters_of(tensor: Tensor) -> Filters:
    """A layer's filters as rows (N, n)."""
    flat = tensor.detach().cpu().flatten(start_dim=1)
    # NumPy has no bfloat16.
    return (flat.float() if flat.dtype == torch.bfloat16 else flat).numpy().astype(np.float64)


def directions(filters: Filters) -> Filters:
    """Every row without its mean, at length 1; zero where the row is constant but for rounding."""
    centred = filters - filters.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))
    varies = lengths > RESOLUTION * np.sqrt(np.square(filters).sum(axis=1, keepdims=True))
    return np.where(varies, centred / np.where(varies, lengths, 1.0), 0.0)


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
