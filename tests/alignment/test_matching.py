"""Weight matching, on copies that were reordered by name (:mod:`benchmarks.permute`) and on strangers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.permute import permuted_compact, permuted_rrdb
from dni.alignment.groups import Group, Place, find_groups
from dni.alignment.matching import match_weights
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
