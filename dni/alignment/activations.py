"""Activation matching: the order of hidden channels in which two networks answer pictures alike.

Ainsworth, Hayase and Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
https://arxiv.org/abs/2209.04836, section 3.1: for each group of channels, the linear assignment that makes
the activations of both networks on the same pictures most alike. Where we deviate: we take correlations, so
that a channel's scale does not count (as Li et al., "Convergent Learning", 2015, do); activations are those
behind each layer that computes the group, the mean over such layers; and of each picture some hundred places
are drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dni.alignment.groups import Group, reordered
from dni.alignment.matching import Matching, as_it_is, best_order, moved_in
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.probe import set_in_place
from dni.rendering.batch_norms import to_inputs
from dni.rendering.forward.inputs import fixed_random_numbers
from dni.rendering.repair import calibration_crops

__all__ = ["match_activations"]

# Of each picture and layer.
MOST_PLACES = 512
# A channel that is constant on all pictures stays where it is, if no other claims the place.
PREFER_STAYING = 1e-6
# Of a layer's largest deviation: less is constant but for rounding.
SMALLEST_DEVIATION = 1e-6

# The axis of a layer's weight and that of its output along which its outputs are.
LAYERS: dict[type[nn.Module], tuple[int, int]] = {
    nn.Conv2d: (0, 1),
    nn.Linear: (0, -1),
    nn.ConvTranspose2d: (1, 1),
}

# For each layer that computes a group's channels: (channels, places).
Activations = list[Tensor]


def match_activations(
    networks: Sequence[ImageNetwork],
    states: Sequence[Mapping[str, Tensor]],
    groups: Sequence[Group],
    *,
    held: Collection[int] = (0,),
) -> list[Matching]:
    """Reorder networks so that their channels answer the bundled examples as those of the first do.

    Args:
        networks: Two or more of one architecture, in float32 on the CPU; their parameters become the states.
        states: Theirs.
        groups: By :func:`dni.alignment.groups.find_groups`.
        held: The numbers of those that stay as they are, the first among them.

    Returns:
        One a network. Groups that no convolution or linear layer computes stay as they are.
    """
    inputs = to_inputs(calibration_crops(networks[0])[0], networks[0])
    ours = activations(networks[0], states[0], groups, inputs)
    found = []
    for number, (network, state) in enumerate(zip(networks, states, strict=True)):
        if number in held:
            found.append(as_it_is(state, groups))
            continue
        theirs = activations(network, state, groups, inputs)
        orders, after = [], dict(state)
        for group, one, other in zip(groups, ours, theirs, strict=True):
            staying = PREFER_STAYING * np.eye(group.size)
            orders.append(best_order(similarity(one, other) + staying) if one else np.arange(group.size))
            after = reordered(after, group, orders[-1])
        found.append(Matching(after, tuple(orders), moved_in(orders), 0))
    return found


@torch.no_grad()
def activations(
    network: ImageNetwork, state: Mapping[str, Tensor], groups: Sequence[Group], inputs: Tensor
) -> list[Activations]:
    """What each group's channels answer to pictures (N, C, H, W), a list for each group."""
    set_in_place(network.module, state)
    names = {id(tensor): name for name, tensor in network.module.state_dict(keep_vars=True).items()}
    places = {
        (place.name, place.axis): (index, torch.from_numpy(place.positions))
        for index, group in enumerate(groups)
        for place in group.places
    }
    found: list[list[tuple[str, Tensor]]] = [[] for _ in groups]

    def note(module: nn.Module, _: object, output: Tensor) -> None:
        axis, dim = LAYERS[type(module)]
        name = names.get(id(module.weight), "")
        if (name, axis) not in places:
            return
        index, positions = places[name, axis]
        rows = some_places(output.movedim(dim, 0).flatten(start_dim=1))  # (channels of the layer, places)
        found[index].append((name, rows[positions].flatten(start_dim=1)))

    layers = [module for module in network.module.modules() if type(module) in LAYERS]
    hooks = [module.register_forward_hook(note) for module in layers]
    try:
        for picture in torch.split(inputs, 1):
            with fixed_random_numbers(False, torch.device("cpu")):
                network.module(picture)
    finally:
        for hook in hooks:
            hook.remove()
    return [joined(each) for each in found]


def joined(noted: Sequence[tuple[str, Tensor]]) -> Activations:
    """The pictures' activations side by side, a tensor for each layer."""
    names = dict.fromkeys(name for name, _ in noted)
    return [torch.cat([rows for own, rows in noted if own == name], dim=1) for name in names]


def some_places(rows: Tensor) -> Tensor:
    """The same random columns of every tensor (channels, places) of one shape."""
    generator = torch.Generator().manual_seed(0)
    return rows[:, torch.randperm(rows.shape[1], generator=generator)[:MOST_PLACES]]


def similarity(ours: Activations, theirs: Activations) -> NDArray[np.float64]:
    """The mean over layers of the correlation of each of our channels with each of theirs."""
    total = torch.stack([standard(one) @ standard(other).T for one, other in zip(ours, theirs, strict=True)])
    result: NDArray[np.float64] = total.mean(dim=0).numpy()
    return result


def standard(rows: Tensor) -> Tensor:
    """Rows (channels, places) without their means, at length 1; zero where a channel is constant."""
    centred = rows.double() - rows.double().mean(dim=1, keepdim=True)
    lengths = centred.norm(dim=1, keepdim=True)
    varies = lengths > SMALLEST_DEVIATION * lengths.max()
    return torch.where(varies, centred / torch.where(varies, lengths, 1.0), 0.0)
