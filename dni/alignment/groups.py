"""Groups of hidden channels that can be reordered without changing what a network computes.

Channels that the trace unites (:mod:`dni.alignment.trace`) are one *channel*: a filter of one layer, its
bias and slope, and the inputs of each later layer that reads it; of a residual trunk, all along the
trunk. Channels that are found in the same places of the same tensors form a *group*, inside of which each
may take the place of each other. Whether that is so is checked by reordering and running the network.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from dni.alignment.channel_sets import Labels
from dni.alignment.errors import AlignmentError
from dni.alignment.trace import Trace, trace_channels
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.probe import run_probe, set_in_place

__all__ = ["Group", "Groups", "find_groups", "reordered"]

# Of the output's largest value: float64 rounds some thousand operations to less, and so does float32 in
# which networks run that do not in float64.
TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-4}
MOST_OPERATIONS_NAMED = 3


@dataclass(frozen=True)
class Place:
    """Where a group's channels are in one axis of one tensor.

    Attributes:
        name: The tensor in the state.
        axis: The axis.
        positions: (channels, n): each channel's positions along the axis, n of them, ascending.
    """

    name: str
    axis: int
    positions: Labels


@dataclass(frozen=True)
class Group:
    """Channels of which each may take the place of each other."""

    size: int
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Groups:
    """What of a network can be reordered.

    Attributes:
        groups: In the order in which the network computes them.
        num_parameters: Numbers in tensors that have an axis in some group.
        num_all: Numbers in all tensors.
        dropped: Groups of the trace that failed the check.
    """

    groups: tuple[Group, ...]
    num_parameters: int
    num_all: int
    dropped: int = 0

    @property
    def covered(self) -> float:
        """The share of all numbers that the groups reach."""
        return self.num_parameters / max(self.num_all, 1)


def find_groups(network: ImageNetwork) -> Groups:
    """The groups of a network, each checked by reordering it and requiring the same output.

    Args:
        network: Is run; its state is left as it was.

    Raises:
        AlignmentError: There is no group; the text names the operations that stand in the way.
        dni.checkpoints.errors.CheckpointError: The network fails on a small picture.
    """
    trace = trace_channels(network)
    state = {name: tensor.detach() for name, tensor in network.module.state_dict().items()}
    found = groups_of(trace, network)
    kept = checked(found, network)
    if not kept:
        raise AlignmentError(
            f"Expected hidden channels that can be reordered, but this {network.architecture} has none that "
            f"could be followed{because(trace.unknown)}. Networks of convolutions, with residual or dense "
            "connections, can be aligned."
        )
    reached = {place.name for group in kept for place in group.places}
    return Groups(
        groups=tuple(kept),
        num_parameters=sum(state[name].numel() for name in reached),
        num_all=sum(tensor.numel() for tensor in state.values()),
        dropped=len(found) - len(kept),
    )


def because(unknown: Mapping[str, int]) -> str:
    names = sorted(unknown, key=lambda name: -unknown[name])[:MOST_OPERATIONS_NAMED]
    return f": {', '.join(name.strip('_') for name in names)} cannot be followed" if names else ""


def groups_of(trace: Trace, network: ImageNetwork) -> list[Group]:
    """The groups that the trace allows, in the order of the tensors in which they come first."""
    places_of: defaultdict[int, defaultdict[tuple[str, int], list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for name, axes in trace.axes.items():
        for axis, labels in enumerate(axes):
            for position, root in enumerate(() if labels is None else trace.sets.roots(labels)):
                if not trace.sets.is_fixed(root):
                    places_of[root][name, axis].append(position)
    alike: defaultdict[tuple[tuple[str, int, int], ...], list[int]] = defaultdict(list)
    for root, places in places_of.items():
        alike[tuple((*place, len(positions)) for place, positions in places.items())].append(root)
    return [
        Group(
            len(roots),
            tuple(
                Place(name, axis, np.array([places_of[root][name, axis] for root in roots]))
                for name, axis, _ in signature
            ),
        )
        for signature, roots in alike.items()
        if len(roots) > 1
    ]


def reordered(state: Mapping[str, Tensor], group: Group, order: Sequence[int] | Labels) -> dict[str, Tensor]:
    """A copy of the state in which channel ``i`` of the group is what ``order[i]`` was."""
    result = dict(state)
    for place in group.places:
        index = np.arange(result[place.name].shape[place.axis])
        index[place.positions.ravel()] = place.positions[np.asarray(order)].ravel()
        result[place.name] = result[place.name].index_select(place.axis, torch.from_numpy(index))
    return result


def checked(groups: Sequence[Group], network: ImageNetwork) -> list[Group]:
    """The groups that can be reordered, all together and each, without changing the output."""
    trial, dtype = in_precision(network, torch.float64), torch.float64
    try:
        wanted = run_probe(trial)
    except CheckpointError:  # it makes float32 tensors of its own as it runs
        trial, dtype = in_precision(network, torch.float32), torch.float32
        wanted = run_probe(trial)
    state = {name: tensor.clone() for name, tensor in inner(trial).state_dict().items()}

    def unchanged(some: Sequence[Group]) -> bool:
        generator, shuffled = np.random.default_rng(0), dict(state)
        for group in some:
            shuffled = reordered(shuffled, group, generator.permutation(group.size))
        set_in_place(inner(trial), shuffled)
        found = run_probe(trial)
        return bool((found - wanted).abs().max() <= TOLERANCES[dtype] * wanted.abs().max())

    def passing(some: Sequence[Group]) -> list[Group]:
        if not some or unchanged(some):
            return list(some)
        middle = len(some) // 2
        return [] if middle == 0 else passing(some[:middle]) + passing(some[middle:])

    return passing(groups)


class InPrecision(nn.Module):
    """A network that takes its picture in another precision."""

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).to(dtype)
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        output: Tensor = self.network(image.to(self.dtype))
        return output


def in_precision(network: ImageNetwork, dtype: torch.dtype) -> ImageNetwork:
    return replace(network, module=InPrecision(network.module, dtype))


def inner(network: ImageNetwork) -> nn.Module:
    assert isinstance(network.module, InPrecision)
    return network.module.network
