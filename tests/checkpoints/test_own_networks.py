"""Networks of this project's own architectures are built from their files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dni import Renderer, load_ends, shares_of
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import save
from dni.checkpoints.networks import load_network
from models import LookUNet

SIZES = (4, 6, 8, 8)


def write_look(path: Path, seed: int, **changes: torch.Tensor) -> LookUNet:
    torch.manual_seed(seed)
    network = LookUNet(channels=SIZES, num_blocks=2).eval()
    save(path, network.state_dict() | changes, {"architecture": "LookUNet"})
    return network


def test_a_look_is_built_from_its_tensors_sizes(tmp_path: Path) -> None:
    written = write_look(tmp_path / "a.safetensors", 1)
    network = load_network(tmp_path / "a.safetensors")
    assert (network.architecture, network.scale, network.multiple_of) == ("LookUNet", 1, 8)
    picture = torch.rand(1, 3, 24, 16)
    with torch.no_grad():
        assert torch.equal(network.module(picture), written(picture))


def test_looks_are_blended_on_pictures_of_any_size(tmp_path: Path) -> None:
    written = [write_look(tmp_path / f"{seed}.safetensors", seed) for seed in (1, 2)]
    blend, states = load_ends([tmp_path / "1.safetensors", tmp_path / "2.safetensors"])
    rgb = torch.randint(0, 256, (3, 40, 56), dtype=torch.uint8)
    renderer = Renderer(blend, states, precision="float32")
    for alpha, one in ((0.0, written[0]), (1.0, written[1])):
        with torch.no_grad():
            whole = (one(rgb[None].float() / 255)[0].clamp(0, 1) * 255).round()
        assert (renderer.render(rgb, shares_of(alpha)).float() - whole).abs().max() <= 1
    assert renderer.render(rgb[:, :33, :50], shares_of(0.5)).shape == (3, 33, 50)


@pytest.mark.parametrize("layer", ["down2.bias", "conv_first.bias", "body.0.conv1.weight"])
def test_tensors_that_do_not_fit_a_look(tmp_path: Path, layer: str) -> None:
    write_look(tmp_path / "a.safetensors", 1, **{layer: torch.zeros(3)})
    with pytest.raises(CheckpointError, match=r"Expected the weights of .*a\.safetensors to fit LookUNet"):
        load_network(tmp_path / "a.safetensors")


def test_a_look_does_not_blend_with_another_architecture(tmp_path: Path, tiny_ends: list[Path]) -> None:
    write_look(tmp_path / "a.safetensors", 1)
    with pytest.raises(CheckpointError, match=r"networks of one architecture.*LookUNet x1"):
        load_ends([tmp_path / "a.safetensors", tiny_ends[0]])
