"""Reordered channels: other parameters, the same function."""

from __future__ import annotations

import torch
from cases import case
from spandrel.architectures.Compact import Compact
from torch import nn

from benchmarks.permute import permuted_compact, permuted_rrdb
from models import RRDBNet


def test_an_rrdbnet() -> None:
    for only_block in [None, "body.1.rdb2"]:
        with case(only_block):
            torch.manual_seed(0)
            network, other = (RRDBNet(num_filters=8, num_blocks=2) for _ in range(2))
            state = network.state_dict()
            permuted = permuted_rrdb(state, only_block=only_block)
            changed = {name for name in state if not torch.equal(state[name], permuted[name])}
            if only_block is None:
                assert {name for name in state if name.endswith("weight")} <= changed
            else:
                assert changed
                assert all(name.startswith(only_block) for name in changed)
            assert_same_function(network, other, permuted)


def test_a_compact_network() -> None:
    torch.manual_seed(0)
    network, other = (Compact(num_feat=8, num_conv=3, upscale=2) for _ in range(2))
    permuted = permuted_compact(network.state_dict())
    assert not torch.equal(permuted["body.2.weight"], network.state_dict()["body.2.weight"])
    assert_same_function(network, other, permuted)


@torch.no_grad()
def assert_same_function(network: nn.Module, other: nn.Module, state: dict[str, torch.Tensor]) -> None:
    image = torch.rand(1, 3, 12, 10)
    assert not torch.allclose(other(image), network(image), atol=1e-3)
    other.load_state_dict(state)
    torch.testing.assert_close(other(image), network(image), rtol=0, atol=1e-5)
