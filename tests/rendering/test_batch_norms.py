"""Statistics of batch norms, measured on a picture for a blend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Run
from PIL import Image
from torch import Tensor, nn

from benchmarks.architecture_rows import ROWS
from benchmarks.small_networks import make_ends
from dni.blending.blend import Blend, refined
from dni.blending.interpolate import interpolate
from dni.blending.shares import shares_of
from dni.checkpoints.files import read_metadata, read_state, save
from dni.checkpoints.networks import load_ends, load_network
from dni.export.networks import export_network
from dni.recipes.recipe_files import read_recipe
from dni.rendering.batch_norms import NOTHING_TO_MEASURE, statistics_of
from dni.rendering.control import RenderControl

STATISTICS = ("running_mean", "running_var")


def noise(height: int, width: int) -> Tensor:
    return torch.randint(0, 256, (3, height, width), generator=torch.Generator().manual_seed(0)).byte()


@pytest.fixture
def ends(tmp_path: Path) -> list[Path]:
    """Two DnCNNs with batch norms."""
    row = next(row for row in ROWS if row.name == "DnCNN batch norm")
    paths = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for path, state in zip(paths, make_ends(row), strict=True):
        save(path, state, {})
    return paths


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.asarray(noise(70, 90).permute(1, 2, 0))).save(path)
    return path


@torch.no_grad()
def trained_statistics(module: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """What torch itself notes of one batch in training."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.train()
            layer.momentum = 1.0
    module(inputs)
    module.eval()
    return {name: t.clone() for name, t in module.state_dict().items() if name.endswith(STATISTICS)}


def test_statistics_are_those_of_training(ends: list[Path]) -> None:
    network, rgb = load_network(ends[0]), noise(128, 128)
    statistics_of([rgb], network)(network.module)
    found = network.module.state_dict()
    crops = torch.stack([rgb[:, top : top + 64, left : left + 64] for top in (0, 64) for left in (0, 64)])
    expected = trained_statistics(load_network(ends[0]).module, crops.float() / 255)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4)


def test_too_few_values_leave_the_statistics_as_they_are(ends: list[Path]) -> None:
    network = load_network(ends[0])
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3)).eval()
    before = pooled[1].running_mean.clone()
    statistics_of([noise(300, 300)], network)(pooled)
    assert torch.equal(pooled[1].running_mean, before)


def test_only_what_is_between_the_ends_is_refined(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    blend = Blend(network.module, states)
    seen: list[nn.Module] = []
    for shares, times in [((1, 0), 0), ((0.5, 0.5), 1), ((0.5, 0.5), 0), ((0, 1), 0)]:
        with refined(seen.append), blend.at(shares):
            pass
        assert len(seen) == times
        seen.clear()


def test_without_refinement_it_is_the_plain_blend_again(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    blend, mix = Blend(network.module, states), (0.3, 0.7)
    with refined(statistics_of([noise(64, 64)], network)), blend.at(mix) as module:
        measured = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with blend.at(mix) as module:
        plain, expected = module.state_dict(), interpolate(states, mix)
    assert any(not torch.equal(plain[name], measured[name]) for name in plain)
    torch.testing.assert_close(dict(plain), expected, rtol=1e-6, atol=1e-6)


def test_a_blended_network_with_the_statistics_of_a_picture(
    ends: list[Path], photo: Path, tmp_path: Path
) -> None:
    export_network(ends, shares_of(0.5), tmp_path / "plain.safetensors")
    export_network(ends, shares_of(0.5), tmp_path / "measured.safetensors", statistics=[photo])
    plain, measured = (read_state(tmp_path / f"{name}.safetensors") for name in ("plain", "measured"))
    differing = {name for name in plain if not torch.equal(plain[name], measured[name])}
    assert differing == {name for name in plain if name.endswith(STATISTICS)}
    assert read_metadata(tmp_path / "measured.safetensors")["statistics"] == "measured on photo.png"


def test_a_network_without_batch_norms_has_nothing_to_measure(
    tiny_ends: list[Path], photo: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    control = RenderControl(notice=said.append)
    for alpha in (0.5, 1):
        export_network(
            tiny_ends, shares_of(alpha), tmp_path / "a.safetensors", statistics=[photo], control=control
        )
    assert said == [NOTHING_TO_MEASURE] * 2


def test_the_command_line_says_so_and_offers_it(
    ends: list[Path], photo: Path, tmp_path: Path, run: Run
) -> None:
    words = ("render", photo, "--ends", *ends, "--float32", "--alpha")
    assert "--recompute-statistics" in run(*words, "0.5", "-o", tmp_path / "plain.png").err
    assert "batch norms" not in run(*words, "1", "-o", tmp_path / "end.png").err
    said = run(*words, "0.5", "--recompute-statistics", "-o", tmp_path / "measured.png").err
    assert "batch norms" not in said
    assert read_recipe(tmp_path / "measured.png").request.recompute_statistics
    again = ("render", photo, "-o", tmp_path / "again.png", "--recipe", tmp_path / "measured.png")
    assert run(*again, "--ends", *ends).code == 0
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "measured.png").read_bytes()
    plain, measured = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("plain", "measured"))
    assert (plain != measured).any()
    assert "batch norms" in run("blend", *ends, "--alpha", "0.5", "-o", tmp_path / "c.safetensors").err
