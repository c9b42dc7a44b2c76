"""Finds why networks cannot be blended at all: other architectures, shapes or hidden copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from dni.blending.interpolate import MAX_NAMES, BlendError, check_blendable
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import describe
from dni.checkpoints.probe import check_nothing_hidden

__all__ = ["Incompatibility", "find_incompatibility"]


@dataclass(frozen=True)
class Incompatibility:
    """Why networks cannot be blended, and at most ten names of tensors that differ, sorted."""

    reason: str
    names: tuple[str, ...]


def find_incompatibility(
    networks: Sequence[ImageNetwork], states: Sequence[Mapping[str, Tensor]]
) -> Incompatibility | None:
    """Why networks cannot be blended at all, or None.

    Args:
        networks: Two or more; the first is changed and changed back.
        states: Their states, by :func:`dni.checkpoints.networks.states_of`.
    """
    names = differing_names(states)
    kinds = [describe(network) for network in networks]
    if len(set(kinds)) > 1:
        return Incompatibility(different_kinds(kinds), names)
    try:
        check_blendable(states)
        check_nothing_hidden(networks, states)
    except (BlendError, CheckpointError) as error:
        return Incompatibility(str(error), names)
    return None


def different_kinds(kinds: Sequence[str]) -> str:
    different = list(dict.fromkeys(kinds))
    return (
        f"These are networks of different kinds: {' and '.join(different)}. "
        "Only networks of one architecture and one size can be blended."
    )


def differing_names(states: Sequence[Mapping[str, Tensor]]) -> tuple[str, ...]:
    """At most ten tensors, sorted, that only some states have, or whose shapes differ."""
    shapes = [{name: tuple(tensor.shape) for name, tensor in state.items()} for state in states]
    names = set().union(*shapes)
    differing = sorted(name for name in names if len({each.get(name) for each in shapes}) > 1)
    return tuple(differing[:MAX_NAMES])
