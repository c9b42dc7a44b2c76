"""ESRGAN's generator: its shape, its official names, and agreement with spandrel's network."""

from __future__ import annotations

import pytest
import torch
from cases import case
from spandrel import ModelLoader

from models.rrdbnet import RRDBNet


@pytest.fixture
def network() -> RRDBNet:
    torch.manual_seed(0)
    return RRDBNet(num_filters=4, num_blocks=2)


DTYPES = [torch.float32, torch.float64, torch.bfloat16]


def test_four_times_the_size(network: RRDBNet) -> None:
    for dtype in DTYPES:
        with case(dtype):
            output = network.to(dtype)(torch.rand(2, 3, 5, 7, dtype=dtype))
            assert output.shape == (2, 3, 20, 28)
            assert output.dtype == dtype


def test_only_rgb_is_taken(network: RRDBNet) -> None:
    for shape in [(1, 1, 8, 8), (1, 4, 8, 8), (3, 8, 8)]:
        with (
            case(shape),
            pytest.raises(ValueError, match=r"Expected an input of shape \(B, 3, H, W\), but got \("),
        ):
            network(torch.rand(shape))


def test_sizes_must_be_positive() -> None:
    for sizes in [{"num_filters": 0}, {"num_blocks": 0}]:
        with (
            case(sizes),
            pytest.raises(
                ValueError, match=f"at least one filter and one block, but got .*{next(iter(sizes))}=0"
            ),
        ):
            RRDBNet(**sizes)


def test_names_are_the_official_ones(network: RRDBNet) -> None:
    layers = ["conv_first", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    layers += [f"body.{i}.rdb{j}.conv{k}" for i in range(2) for j in (1, 2, 3) for k in (1, 2, 3, 4, 5)]
    assert set(network.state_dict()) == {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}


def test_growth_is_32_channels(network: RRDBNet) -> None:
    shapes = {name: tuple(t.shape) for name, t in network.body[0].rdb1.named_parameters() if "weight" in name}
    grown = {f"conv{k}.weight": (32, 4 + 32 * (k - 1), 3, 3) for k in (1, 2, 3, 4)}
    assert shapes == grown | {"conv5.weight": (4, 132, 3, 3)}


def test_the_paper_has_16_7_million_parameters() -> None:
    with torch.device("meta"):
        network = RRDBNet()
    assert sum(parameter.numel() for parameter in network.parameters()) == 16_697_987


def test_spandrel_builds_the_same_network(network: RRDBNet) -> None:
    theirs = ModelLoader().load_from_state_dict(dict(network.state_dict()))
    assert theirs.scale == RRDBNet.scale
    image = torch.rand(1, 3, 6, 9)
    with torch.no_grad():
        assert torch.allclose(theirs.model(image), network(image), atol=1e-6)


def test_residual_branches_start_small(network: RRDBNet) -> None:
    block = network.body[0]
    x = torch.rand(1, 4, 8, 8)
    # With no residual at all, each of the three dense blocks gives its input back.
    residual = block(x) - 1.2 * x
    assert 0 < residual.abs().max() < 0.02
