"""Weight matching of any number of networks: all but the held ones, in an order that suits them all.

Ainsworth, Hayase and Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
https://arxiv.org/abs/2209.04836, algorithm 3 (MergeMany): one network at a time is matched with the mean of
all others, until nothing moves. Matching each with the first alone is quicker, but ignores what the others
have in common: of five networks of Real-CUGAN it leaves some channels where they do not belong
(benchmarks/alignment.md). Where we deviate: that is where we start from, so that one that was only reordered
is back at once; the networks take turns in their order instead of a random one; and the first stays as it
is, since an order that all of them share is free.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from dni.alignment.groups import Group
from dni.alignment.matching import MOST_ROUNDS, Matching, as_it_is, improved, match_weights

__all__ = ["match_many"]


def match_many(
    states: Sequence[Mapping[str, Tensor]], groups: Sequence[Group], *, held: Collection[int] = (0,)
) -> list[Matching]:
    """Reorder networks so that their parameters are near each other's.

    Args:
        states: Two or more networks' states, on the CPU, with equal names and shapes.
        groups: By :func:`dni.alignment.groups.find_groups`, in the order of computation.
        held: The numbers of those that stay as they are, the first among them.

    Returns:
        One a network. Of two networks, the second's is that of :func:`match_weights`.
    """
    free = [number for number in range(len(states)) if number not in held]
    found = [
        match_weights(states[0], state, groups) if number in free else as_it_is(state, groups)
        for number, state in enumerate(states)
    ]
    rounds, moved = 0, len(states) > 2
    while moved and rounds < MOST_ROUNDS:
        rounds, moved = rounds + 1, False
        for number in free:
            others = [each.state for each in (*found[:number], *found[number + 1 :])]
            nearer = improved(mean_of(others, groups), found[number], groups)
            moved = moved or nearer.rounds > found[number].rounds + 1
            found[number] = nearer
    return found


def mean_of(states: Sequence[Mapping[str, Tensor]], groups: Sequence[Group]) -> dict[str, Tensor]:
    """The mean of the tensors that the groups reach, in float32."""
    names = {place.name for group in groups for place in group.places}
    return {name: torch.stack([state[name].float() for state in states]).mean(dim=0) for name in names}
