"""Networks that have no blend, and why."""

from __future__ import annotations

import dataclasses

import torch
from spandrel.architectures.Compact import Compact
from torch import nn

from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import build, states_of
from dni.compatibility.incompatibility import Incompatibility, find_incompatibility
from models import RRDBNet


def compact(seed: int = 0, **options: int) -> ImageNetwork:
    torch.manual_seed(seed)
    return build(Compact(**{"num_feat": 8, "num_conv": 2, "upscale": 4, **options}).state_dict())


def ours() -> ImageNetwork:
    return build(RRDBNet(num_filters=8, num_blocks=1).state_dict())


def incompatibility(*networks: ImageNetwork) -> Incompatibility | None:
    return find_incompatibility(networks, states_of(networks))


def test_networks_that_fit_stay_as_they_are() -> None:
    networks = [compact(0), compact(1), compact(2)]
    before = [{name: t.clone() for name, t in network.module.state_dict().items()} for network in networks]
    assert incompatibility(*networks) is None
    for network, state in zip(networks, before, strict=True):
        for name, tensor in network.module.state_dict().items():
            assert torch.equal(tensor, state[name])


def test_different_kinds() -> None:
    found = incompatibility(compact(), ours(), compact())
    assert found is not None
    assert found.reason.startswith(
        "These are networks of different kinds: RealESRGAN Compact x4 3>3 and ESRGAN x4 3>3. Only networks"
    )
    assert len(found.names) == 10
    assert list(found.names) == sorted(found.names)


def test_different_scales_are_different_kinds() -> None:
    found = incompatibility(compact(upscale=2), compact(upscale=4))
    assert found is not None
    assert "RealESRGAN Compact x2 3>3 and RealESRGAN Compact x4 3>3" in found.reason
    assert found.names == ("body.6.bias", "body.6.weight")


def test_different_sizes() -> None:
    found = incompatibility(compact(num_feat=8), compact(num_feat=6))
    assert found is not None
    assert "Expected the same shapes, but these differ between end 1 and end 2: body.0.bias" in found.reason
    assert found.names == tuple(
        sorted(name for name in compact().module.state_dict() if "6.bias" not in name)
    )


class Fused(nn.Module):
    """Computes with a copy of its weight that nothing updates."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(level))
        self.copy = level

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image * self.copy


def test_hidden_copies() -> None:
    networks = [dataclasses.replace(compact(), module=Fused(level)) for level in (1.0, 2.0)]
    found = incompatibility(*networks)
    assert found is not None
    assert "keeps a fused or frozen copy of some" in found.reason
    assert found.names == ()
