"""Weight matching: the order of one network's hidden channels in which it is nearest to another's.

Ainsworth, Hayase and Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
https://arxiv.org/abs/2209.04836, algorithm 1: one group of channels at a time is matched by solving a linear
assignment problem, with the others as they are, until nothing moves. Where we deviate: the groups come from
the network's graph; the descent starts from the input side, where the channels are fixed, instead of from the
order given; and no later step is taken that does not bring the parameters nearer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from dni.alignment.channel_sets import Labels
from dni.alignment.groups import Group, Place, reordered

__all__ = ["Matching", "match_weights"]

MOST_ROUNDS = 100
# Of the group's sum of products: less is rounding.
SMALLEST_GAIN = 1e-7

# For an axis of a tensor, which of its positions are channels that nothing has matched yet.
Unmatched = dict[tuple[str, int], NDArray[np.bool_]]


@dataclass(frozen=True)
class Matching:
    """The second network, reordered.

    Attributes:
        state: Its parameters in the new order.
        orders: For each group, which of its channels came to each place.
        moved: How many channels are not where they were.
        rounds: Rounds of coordinate descent.
    """

    state: dict[str, Tensor]
    orders: tuple[Labels, ...]
    moved: int
    rounds: int


def match_weights(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], groups: Sequence[Group]
) -> Matching:
    """Reorder the second network's channels so that its parameters are near those of the first.

    Args:
        ours: The first network's state, on the CPU.
        theirs: The second's, with equal names and shapes.
        groups: By :func:`dni.alignment.groups.find_groups`, in the order of computation.
    """
    start = as_it_is(theirs, groups)
    state, orders = start.state, list(start.orders)
    unmatched = unmatched_positions(ours, groups)
    for number, group in enumerate(groups):
        orders[number] = best_order(products(ours, state, group, unmatched))
        state = reordered(state, group, orders[number])
        for place in group.places:
            unmatched[place.name, place.axis][place.positions] = False
    return improved(ours, Matching(state, tuple(orders), moved_in(orders), 0), groups)


def improved(ours: Mapping[str, Tensor], found: Matching, groups: Sequence[Group]) -> Matching:
    """A matching after coordinate descent: nothing that is left to try brings it nearer."""
    state, orders = found.state, list(found.orders)
    rounds, moved = 0, True
    while moved and rounds < MOST_ROUNDS:
        rounds, moved = rounds + 1, False
        for number, group in enumerate(groups):
            nearer = nearer_order(ours, state, group)
            if nearer is not None:
                order, state = nearer
                orders[number], moved = orders[number][order], True
    return Matching(state, tuple(orders), moved_in(orders), found.rounds + rounds)


def as_it_is(state: Mapping[str, Tensor], groups: Sequence[Group]) -> Matching:
    """The matching that moves nothing."""
    return Matching(dict(state), tuple(np.arange(group.size) for group in groups), 0, 0)


def moved_in(orders: Sequence[Labels]) -> int:
    """How many channels are not where they were."""
    return sum(int((order != np.arange(len(order))).sum()) for order in orders)


def nearer_order(
    ours: Mapping[str, Tensor], state: Mapping[str, Tensor], group: Group
) -> tuple[Labels, dict[str, Tensor]] | None:
    """The group's best order with all others as they are, and the state in it; None if none is nearer."""
    order = best_order(products(ours, state, group, {}))
    if (order == np.arange(group.size)).all():
        return None
    # A tensor with two axes in the group changes along both, so the assignment's own gain is a guess.
    trial, names = reordered(state, group, order), {place.name for place in group.places}
    before, after = (
        sum(float(torch.sum(ours[name].double() * each[name].double())) for name in names)
        for each in (state, trial)
    )
    return (order, trial) if after - before > SMALLEST_GAIN * abs(before) else None


def best_order(similarity: NDArray[np.float64]) -> Labels:
    """For each of our channels, which of theirs is to take its place."""
    order: Labels = linear_sum_assignment(similarity, maximize=True)[1]
    return order


def products(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], group: Group, unmatched: Unmatched
) -> NDArray[np.float64]:
    """The inner product of all parameters of each of our channels with those of each of theirs.

    Returns:
        (channels, channels); along the tensors' other axes only positions that are matched count.
    """
    total = np.zeros((group.size, group.size))
    for place in group.places:
        one, other = (rows_of(state[place.name], place, unmatched) for state in (ours, theirs))
        total += (one @ other.T).double().numpy()
    return total


def rows_of(tensor: Tensor, place: Place, unmatched: Unmatched) -> Tensor:
    """A row for each channel: (channels, numbers)."""
    for axis in range(tensor.ndim):
        missing = unmatched.get((place.name, axis))
        if axis != place.axis and missing is not None and missing.any():
            tensor = tensor.index_select(axis, torch.from_numpy(np.flatnonzero(~missing)))
    found = tensor.movedim(place.axis, 0)[torch.from_numpy(place.positions)]  # (channels, n, ...)
    return found.float().flatten(start_dim=1)


def unmatched_positions(state: Mapping[str, Tensor], groups: Sequence[Group]) -> Unmatched:
    """All positions of all groups."""
    unmatched: Unmatched = {}
    for place in (place for group in groups for place in group.places):
        size = state[place.name].shape[place.axis]
        unmatched.setdefault((place.name, place.axis), np.zeros(size, dtype=bool))[place.positions] = True
    return unmatched
