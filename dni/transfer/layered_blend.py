"""Blends two layered networks, each layer at an alpha of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from dni.blending.interpolate import interpolate
from dni.blending.shares import BlendError, shares_of
from models.transfer import LAYERS

__all__ = ["blend_layers", "layer_of"]

State = Mapping[str, Tensor]


def layer_of(name: str) -> str:
    """The layer of a parameter: "conv1" for "conv1.conv.weight"."""
    return name.partition(".")[0]


def blend_layers(ends: Sequence[State], alphas: Mapping[str, float]) -> dict[str, Tensor]:
    """Both ends' parameters, blended layer by layer (:func:`dni.blending.interpolate.interpolate`).

    Args:
        ends: Two states of :class:`models.transfer.LayeredNetwork`.
        alphas: For each layer, the share of the second end, 0 to 1.

    Raises:
        BlendError: A layer has no alpha, or one outside 0 to 1, or the ends differ.
    """
    if set(alphas) != set(LAYERS):
        raise BlendError(f"Expected an alpha for each of {', '.join(LAYERS)}, but got {', '.join(alphas)}.")
    blended: dict[str, Tensor] = {}
    for layer in LAYERS:
        own = [{name: end[name] for name in end if layer_of(name) == layer} for end in ends]
        blended |= interpolate(own, shares_of(alphas[layer]))
    return {name: blended[name] for name in ends[0]}
