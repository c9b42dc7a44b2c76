"""Weight matching, on copies that were reordered by name (:mod:`benchmarks.permute`) and on strangers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.permute import permuted_compact, permuted_rrdb
from dni.alignment.activations import match_activations
from dni.alignment.groups import Group, Place, find_groups
from dni.alignment.matching import match_weights
from dni.alignment.merge_many import match_many
from dni.checkpoints.networks import build
from models import RRDBNet, SRVGGNetCompact

State = Mapping[str, Tensor]
RRDB = {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"}


def state_of(kind: str, seed: int) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = RRDBNet(num_filters=8, num_blocks=1) if kind == "rrdb" else SRVGGNetCompact(8, 3)
    return made.state_dict()


@pytest.mark.parametrize(
    ("kind", "metadata", "permute"), [("rrdb", RRDB, permuted_rrdb), ("compact", {}, permuted_compact)]
)
def test_a_reordered_copy_comes_back_exactly(
    kind: str, metadata: Mapping[str, str], permute: Callable[..., State]
) -> None:
    state = state_of(kind, 1)
    groups = find_groups(build(state, metadata)).groups
    shuffled = permute(state, seed=7)
    assert any(not torch.equal(shuffled[name], state[name]) for name in state)
    found = match_weights(state, shuffled, groups)
    assert all(torch.equal(found.state[name], state[name]) for name in state)
    assert found.moved > 0
    # And it stays where it matches already.
    assert match_weights(state, state, groups).moved == 0


def test_strangers_get_nearer() -> None:
    one, other = state_of("rrdb", 1), state_of("rrdb", 2)
    groups = find_groups(build(one, RRDB)).groups
    found = match_weights(one, other, groups)

    def apart(state: State) -> float:
        return sum(float((state[name] - one[name]).square().sum()) for name in one) ** 0.5

    assert apart(found.state) < 0.99 * apart(other)
    for name in other:  # only the order is another
        assert torch.equal(found.state[name].flatten().sort()[0], other[name].flatten().sort()[0])
    for group, order in zip(groups, found.orders, strict=True):
        assert sorted(order) == list(range(group.size))


def test_channels_that_stand_in_several_places_move_whole() -> None:
    group = Group(2, (Place("gate", 0, np.array([[0, 2], [1, 3]])),))
    ours = {"gate": torch.tensor([[1.0], [5.0], [2.0], [6.0]])}
    found = match_weights(ours, {"gate": ours["gate"][[1, 0, 3, 2]]}, [group])
    assert torch.equal(found.state["gate"], ours["gate"])


def test_many_networks_come_nearer_to_each_other_than_each_to_the_first() -> None:
    states = [state_of("compact", seed) for seed in range(4)]
    groups = find_groups(build(states[0], {})).groups

    def apart(some: list[State]) -> float:
        means = {name: torch.stack([state[name] for state in some]).mean(dim=0) for name in states[0]}
        return sum(float((state[name] - means[name]).square().sum()) for state in some for name in means)

    with_first = [states[0], *(dict(match_weights(states[0], each, groups).state) for each in states[1:])]
    found = match_many(states, groups)
    assert found[0].moved == 0
    assert apart([each.state for each in found]) < apart(with_first) < apart(list(states))
    # Of two, it is weight matching; and what is held stays.
    two = match_many(states[:2], groups)[1]
    assert all(torch.equal(tensor, with_first[1][name]) for name, tensor in two.state.items())
    assert [each.moved > 0 for each in match_many(states, groups, held=(0, 2))] == [False, True, False, True]


def test_many_reordered_copies_come_back_exactly() -> None:
    state = state_of("rrdb", 1)
    groups = find_groups(build(state, RRDB)).groups
    copies = [state, *(permuted_rrdb(state, seed=seed) for seed in (7, 8, 9))]
    for found in match_many(copies, groups):
        assert all(torch.equal(tensor, state[name]) for name, tensor in found.state.items())


def test_activations_bring_a_reordered_copy_back_whatever_its_weights_size() -> None:
    """The first layer ten times as loud, and the next layer's inputs a tenth: the same function."""
    state = state_of("compact", 1)
    shuffled = dict(permuted_compact(state, seed=7))
    for name in ("body.0.weight", "body.0.bias"):
        shuffled[name] = shuffled[name] * 10
    shuffled["body.2.weight"] = shuffled["body.2.weight"] / 10
    networks = [build(each, {}) for each in (state, shuffled)]
    groups = find_groups(networks[0]).groups
    found = match_activations(networks, [network.module.state_dict() for network in networks], groups)[1]
    loud = {"body.0.weight": 10.0, "body.0.bias": 10.0, "body.2.weight": 0.1}
    for name, tensor in networks[0].module.state_dict().items():
        assert torch.allclose(found.state[name], tensor * loud.get(name, 1.0)), name
