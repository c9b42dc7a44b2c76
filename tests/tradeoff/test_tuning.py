"""Auto-mix on a small network for which the best shares are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Run
from PIL import Image
from torch import Tensor

from dni.blending.interpolate import BlendError
from dni.blending.methods.merge_method import MergeMethod
from dni.blending.shares import Mix
from dni.checkpoints.files import save
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.recipes.recipe_files import read_recipe
from dni.rendering.renderer import Renderer
from dni.tradeoff.tuning.crops import crops_against, crops_of, crops_reduced
from dni.tradeoff.tuning.goals import least_noise, nearness, perceptual
from dni.tradeoff.tuning.learn import TuneConfig, learn_mix, onto_shares
from models import SRVGGNetCompact


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two unrelated networks."""
    folder = tmp_path_factory.mktemp("ends")
    paths = [folder / "a.safetensors", folder / "b.safetensors"]
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        save(path, SRVGGNetCompact(num_filters=8, num_convs=2).state_dict(), {})
    return paths


def photograph(side: int = 48) -> Tensor:
    return torch.randint(0, 256, (3, side, side), generator=torch.Generator().manual_seed(0)).byte()


def rendered(ends: list[Path], mix: Mix) -> Tensor:
    return Renderer(*load_ends(ends), device=torch.device("cpu"), precision="float32").render(
        photograph(), mix
    )


def test_the_shares_that_made_the_reference_are_found(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    before = {name: tensor.clone() for name, tensor in network.module.state_dict().items()}
    names = ("first", "trunk 1", "trunk 2", "last")
    hidden = Mix.of((0.5, 0.5), groups={"first": (0.9, 0.1), "last": (0.2, 0.8)})
    parts = crops_against([(photograph(), rendered(ends, hidden))], network, count=4)
    config = TuneConfig(steps=50, batch=2, fixed=("trunk 1",), learning_rate=0.05)
    tuned = learn_mix(network, states, Mix.of_alpha(0.5), nearness, parts, config=config)
    found = {name: shares[1] for name, shares in tuned.mix.groups}
    assert found["trunk 1"] == 0.5
    assert found["first"] == pytest.approx(0.1, abs=0.15)
    assert found["last"] == pytest.approx(0.8, abs=0.1)
    assert tuned.goals[0] == pytest.approx(1)
    assert np.mean(tuned.goals[-10:]) < 0.2
    assert set(found) <= set(names)
    after = network.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_loses_too_much_psnr_is_shortened(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    start = Mix.of_alpha(0.5)
    parts = crops_against([(photograph(), rendered(ends, start))], network, count=4)

    def away(output: Tensor, plain: Tensor, _: Tensor) -> Tensor:
        return -(output - plain).abs().mean() - output.mean()

    config = TuneConfig(steps=1, learning_rate=1.0, most_loss=0.01)
    tuned = learn_mix(network, states, start, away, parts, config=config)
    assert tuned.position == 0
    assert all(shares == start.shares for _, shares in tuned.mix.groups)


def test_rows_come_to_the_nearest_shares() -> None:
    rows = torch.tensor([[0.5, 0.5, 0.3], [2.0, 0.0, 0.0], [-1.0, 0.4, 0.6]])
    expected = torch.tensor([[0.4, 0.4, 0.2], [1.0, 0.0, 0.0], [0.0, 0.4, 0.6]])
    torch.testing.assert_close(onto_shares(rows), expected)
    lower = torch.tensor([[0.4, 0.4, 0.2], [1.5, -0.25, -0.25], [-0.25, 0.525, 0.725]])
    torch.testing.assert_close(onto_shares(rows, beyond=0.25), lower)


def test_less_noise_and_weaker_edges() -> None:
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 15:] = 0.8
    noise = torch.randn(edge.shape, generator=torch.Generator().manual_seed(0)) * 0.05
    plain = edge + noise
    assert float(least_noise(plain, plain, plain)) == pytest.approx(1, abs=1e-4)
    assert float(least_noise(edge + noise / 2, plain, plain)) < 0.85  # half, and some that was in the edge
    faint = plain.mean() + (plain - plain.mean()) / 4  # less noise, and less of everything
    assert float(least_noise(faint, plain, plain)) > 2


def test_structure_and_texture_as_a_share_of_the_plain_mixes() -> None:
    extractor = torch.nn.Module()
    extractor.forward = lambda x: [x.diff(dim=-1)]  # type: ignore[method-assign]
    generator = torch.Generator().manual_seed(0)
    reference = torch.rand(1, 3, 128, 128, generator=generator) * 0.5 + 0.25
    plain = reference + 0.05 * torch.randn(reference.shape, generator=generator)
    goal = perceptual(extractor)
    for _ in range(3):  # whatever the view is
        assert float(goal(plain, plain, reference)) == pytest.approx(1)
        assert float(goal(plain.lerp(reference, 0.5), plain, reference)) < 0.5
        assert float(goal(plain.mean().expand_as(plain), plain, reference)) > 5
    assert float(goal(plain, reference, reference)) > 1e3  # of a plain mix that could not be better


def test_what_may_not_cost_psnr_is_learned_at_equal_psnr(ends: list[Path]) -> None:
    """A goal that wants something else than the reference gets only what costs nothing."""
    network, states = load_ends(ends)
    start = Mix.of_alpha(0.5)
    given, wanted = crops_against([(photograph(), rendered(ends, start))], network, count=4)
    generator = torch.Generator().manual_seed(0)
    parts = (given, (wanted + 0.1 * torch.randn(wanted.shape, generator=generator)).clamp(0, 1))

    def darker(output: Tensor, plain: Tensor, _: Tensor) -> Tensor:
        return 1 + (output - plain).mean()

    free, bound = (
        learn_mix(network, states, start, darker, parts, config=TuneConfig(steps=30, most_loss=loss))
        for loss in (None, 0.01)
    )
    assert free.change < 2 * bound.change <= 0
    assert free.position == 1


def test_shares_beyond_the_ends_and_on_the_line(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    wanted = rendered(ends, Mix.of_alpha(1.4, extrapolate=True))
    parts = crops_against([(photograph(), wanted)], network, count=4)
    config = TuneConfig(steps=40, batch=2, learning_rate=0.1, beyond=0.3)
    tuned = learn_mix(network, states, Mix.of_alpha(0.5), nearness, parts, config=config)
    shares = [share for _, own in tuned.mix.groups for share in own]
    assert tuned.mix.extrapolate
    assert max(shares) == pytest.approx(1.3, abs=0.05)
    assert min(shares) >= -0.3 - 1e-6
    three = [*states, {name: -tensor for name, tensor in states[0].items()}]
    start = Mix.of((0.4, 0.4, 0.2))
    config = TuneConfig(steps=10, batch=2, learning_rate=0.1, is_straight=True)
    tuned = learn_mix(network, three, start, nearness, parts, config=config)
    for _, (first, second, third) in tuned.mix.groups:
        assert second == pytest.approx(2 * third, abs=3e-4)
        assert 0 <= first <= 1
    with pytest.raises(DniError, match="but got the first end alone"):
        learn_mix(network, states, Mix.of_alpha(0), nearness, parts, config=config)


def test_crops_are_reduced_from_their_references(ends: list[Path]) -> None:
    network, _ = load_ends(ends)
    given, wanted = crops_reduced([photograph(150), photograph(20)], network, count=3)
    assert given.shape == (3, 3, 32, 32)
    assert wanted.shape == (3, 3, 128, 128)
    assert float((given.mean(dim=(2, 3)) - wanted.mean(dim=(2, 3))).abs().max()) < 0.01


def test_the_plain_mix_stays_where_nothing_better_is_found(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    start = Mix.of_alpha(0.5)
    parts = crops_against([(photograph(), rendered(ends, start))], network, count=4)

    def as_it_was(output: Tensor, plain: Tensor, _: Tensor) -> Tensor:
        return 1 + (output - plain).square().mean() - 1e-3 * (output - plain).mean()

    tuned = learn_mix(network, states, start, as_it_was, parts, config=TuneConfig(steps=2, learning_rate=1.0))
    assert (tuned.position, tuned.change) == (0, 0)
    assert all(shares == start.shares for _, shares in tuned.mix.groups)


def test_every_crop_weighs_alike(ends: list[Path]) -> None:
    """Of three crops in batches of two, the last stands alone."""
    network, states = load_ends(ends)
    wanted = torch.tensor([0.0, 0.0, 0.6]).view(3, 1, 1, 1)

    def of_the_reference(output: Tensor, _: Tensor, wanted: Tensor) -> Tensor:
        return wanted.mean() + 0 * output.mean()

    parts = torch.rand(3, 3, 16, 16), wanted.expand(3, 3, 64, 64)
    config = TuneConfig(steps=1, batch=2)
    tuned = learn_mix(network, states, Mix.of_alpha(0.5), of_the_reference, parts, config=config)
    assert tuned.change == pytest.approx(0.2 - 1)


def test_learning_ends_in_time(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    parts = crops_against([(photograph(), rendered(ends, Mix.of_alpha(1.0)))], network, count=1)
    config = TuneConfig(steps=10**6, seconds=0.2)
    tuned = learn_mix(network, states, Mix.of_alpha(0.5), nearness, parts, config=config)
    assert 0 < len(tuned.goals) < 10**5


def test_what_cannot_be_tuned(ends: list[Path]) -> None:
    network, states = load_ends(ends)
    parts = crops_against([(photograph(), rendered(ends, Mix.of_alpha(0.0)))], network, count=1)
    with pytest.raises(BlendError, match="groups of layers that this network has, but got 'middle'"):
        learn_mix(network, states, Mix.of_alpha(0.5), nearness, parts, config=TuneConfig(fixed=("middle",)))
    slerp = Mix.of((0.5, 0.5), method=MergeMethod("slerp"))
    with pytest.raises(DniError, match="a plain mix between the ends"):
        learn_mix(network, states, slerp, nearness, parts)
    with pytest.raises(DniError, match="at least 128x128 pixels"):
        crops_of([photograph(100)], 128, count=1)
    with pytest.raises(DniError, match="a reference of 192x192, but got 48x48"):
        crops_against([(photograph(), photograph())], network, count=1)
    with pytest.raises(DniError, match="at least 1 for steps, but got 0"):
        TuneConfig(steps=0)


def test_the_command_writes_a_recipe_that_renders(
    run: Run, ends: list[Path], tmp_path: Path, out: Path
) -> None:
    photo, wanted = tmp_path / "photo.png", tmp_path / "wanted.png"
    for path, rgb in ((photo, photograph()), (wanted, rendered(ends, Mix.of_alpha(0.9)))):
        Image.fromarray(np.asarray(rgb.permute(1, 2, 0))).save(path)
    words = ("--ends", *ends, "--alpha", "0.5", "--steps", "5", "--crops", "4", "--fix", "last")
    result = run("tune", photo, "-o", out / "mix.json", *words, "--goal", "reference", "--reference", wanted)
    assert result.code == 0, result.err
    groups = dict(read_recipe(out / "mix.json").mix.groups)
    assert groups["last"] == (0.5, 0.5)
    assert groups["first"][1] > 0.5
    assert json.loads((out / "mix.json").read_text())["scale"] == 4
    shown = run("render", photo, "-o", out / "x.png", "--recipe", out / "mix.json", "--ends", *ends)
    assert shown.code == 0, shown.err
    refused = run("tune", photo, "-o", out / "no.json", *words, "--goal", "reference")
    assert refused.code == 1
    assert "Expected a reference for the goal" in refused.err
