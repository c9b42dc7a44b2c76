"""Repair in the renderer: when it is done, when it is off, and that files and pictures agree on it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Run
from PIL import Image
from torch import Tensor

from dni.blending.methods.merge_method import MergeMethod
from dni.blending.shares import Mix, shares_of
from dni.checkpoints.files import save
from dni.checkpoints.networks import load_ends
from dni.recipes.recipe_files import read_recipe
from dni.rendering import repair
from dni.rendering.engine import Engine
from dni.rendering.renderer import Renderer
from models import SRVGGNetCompact

PLAIN = Mix.of_alpha(0.5)
REPAIRED = replace(PLAIN, repair=True)


@pytest.fixture(autouse=True)
def few_and_small_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "CROP_SIDE", 16)
    monkeypatch.setattr(repair, "WHOLE", ("cat", "coffee", "astronaut"))


def write_ends(folder: Path, *, apart: float) -> list[Path]:
    """Two networks whose parameters are so many standard deviations apart."""
    torch.manual_seed(0)
    first = SRVGGNetCompact(num_filters=8, num_convs=6).state_dict()
    first["body.12.weight"] *= 8  # a last layer that shows what goes missing before it
    other = SRVGGNetCompact(num_filters=8, num_convs=6).state_dict()
    other["body.12.weight"] *= 8
    second = {name: torch.lerp(first[name], other[name], apart) for name in first}
    paths = [folder / "a.safetensors", folder / "b.safetensors"]
    for path, state in zip(paths, (first, second), strict=True):
        save(path, state, {})
    return paths


def renderer_of(paths: Sequence[Path]) -> Renderer:
    return Renderer(*load_ends(paths), device=torch.device("cpu"), precision="float32")


def picture() -> Tensor:
    return torch.randint(0, 256, (3, 20, 24), generator=torch.Generator().manual_seed(0)).byte()


def test_a_good_blend_stays_as_it_is(tmp_path: Path) -> None:
    renderer = renderer_of(write_ends(tmp_path, apart=0.001))
    assert torch.equal(renderer.render(picture(), REPAIRED), renderer.render(picture(), PLAIN))
    assert "off: this blend is good as it is" in renderer.repairer.summary


def test_a_repair_that_does_not_help_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "LEAST_GAIN", 1000.0)
    renderer = renderer_of(write_ends(tmp_path, apart=1))
    assert torch.equal(renderer.render(picture(), REPAIRED), renderer.render(picture(), PLAIN))
    assert "brought this blend no nearer" in renderer.repairer.summary


def test_what_is_and_what_is_not_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "LEAST_GAIN", -1000.0)  # these are strangers: here it need not look good
    renderer = renderer_of(write_ends(tmp_path, apart=1))
    assert renderer.repairer.trial().strength in repair.STRENGTHS
    groups = {renderer.blend.groups[0]: shares_of(0.5)}
    for mix, is_repaired in (
        (REPAIRED, True),
        (Mix.of_alpha(0.3), True),
        (Mix.of(shares_of(0.5), groups=groups), True),
        (replace(PLAIN, method=MergeMethod("slerp")), True),
        (Mix.of_alpha(0.0), False),
        (Mix.of_alpha(1.0), False),
        (Mix.of_alpha(1.2, extrapolate=True), False),
    ):
        plain = renderer.render(picture(), replace(mix, repair=False))
        changed = not torch.equal(renderer.render(picture(), replace(mix, repair=True)), plain)
        assert changed == is_repaired, mix
        assert torch.equal(renderer.render(picture(), replace(mix, repair=False)), plain)
    same = renderer.render(picture(), Mix.of(shares_of(0.5), groups=groups, repair=True))
    assert torch.equal(same, renderer.render(picture(), REPAIRED))  # 0.5 is a point of the grid


@pytest.mark.parametrize(
    ("gains", "is_worth"),
    [
        ([2.0] * 7 + [-5.0], True),
        ([5.0] * 6 + [-0.6] * 2, False),  # better in the mean, but two pictures lose
        ([5.0] * 6 + [-0.4] * 2, True),
        ([0.4] * 8, False),
    ],
)
def test_what_a_repair_has_to_bring(gains: list[float], is_worth: bool) -> None:
    trial = repair.Trial([30.0] * 8, {1.0: [30 + gain for gain in gains], 0.6: [30.0] * 8})
    assert trial.strength == (1.0 if is_worth else 0.0)


def test_each_point_of_the_grid_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it helps the middle, but not the blend at 0.25, that one and those beside it are left alone."""
    monkeypatch.setattr(repair, "LEAST_GAIN", 1.0)
    as_measured = repair.Looks.psnr

    def psnr(looks: repair.Looks, engine: Engine, mix: Mix, corrections: object = None) -> list[float]:
        count = len(as_measured(looks, engine, mix))
        helps = corrections is not None and mix.alpha is not None and mix.alpha > 0.3
        return [30.0 if helps else 20.0] * count

    monkeypatch.setattr(repair.Looks, "psnr", psnr)
    renderer = renderer_of(write_ends(tmp_path, apart=1))
    groups = {renderer.blend.groups[0]: shares_of(0.6)}
    for mix, is_repaired in (
        (REPAIRED, True),
        (Mix.of_alpha(0.25), False),
        (Mix.of_alpha(0.2), False),
        (Mix.of_alpha(0.3), True),  # between the one that is left alone and 0.375
        (Mix.of(shares_of(0.5), groups=groups), False),  # nobody knows what it should look like
    ):
        wanted = replace(mix, repair=True)
        assert bool(renderer.repairer.corrections(wanted)) == is_repaired, mix
        assert renderer.repairer.notice(wanted) == ("" if is_repaired else repair.OFF_HERE)
    assert renderer.repairer.notice(Mix.of_alpha(0.25)) == ""
    assert "beyond" in renderer.repairer.notice(replace(Mix.of_alpha(1.2, extrapolate=True), repair=True))


def test_files_recipes_and_pictures_agree(
    tmp_path: Path, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repair, "LEAST_GAIN", -1000.0)
    ends, photo = write_ends(tmp_path, apart=1), tmp_path / "photo.png"
    Image.fromarray(np.asarray(picture().permute(1, 2, 0))).save(photo)
    shown = ("--alpha", "0.4", "--repair")
    assert run("blend", *ends, "-o", out / "blend.safetensors", *shown).code == 0
    said = run("render", photo, "-o", out / "one.png", "--ends", *ends, *shown, "--float32")
    assert "Repair brings the middle of this blend from" in said.err
    assert run("render", photo, "-o", out / "two.png", "--recipe", out / "one.png", "--ends", *ends).code == 0
    assert (out / "one.png").read_bytes() == (out / "two.png").read_bytes()
    assert read_recipe(out / "blend.safetensors").mix == Mix.of(shares_of(0.4), repair=True)
    both = [out / "blend.safetensors"] * 2  # an ordinary network, which needs to know nothing
    by_file = renderer_of(both).render(picture(), (1, 0)).int()
    by_recipe = torch.from_numpy(np.asarray(Image.open(out / "one.png")).copy()).permute(2, 0, 1).int()
    assert int((by_file - by_recipe).abs().max()) <= 1


def test_methods_on_the_command_line(tmp_path: Path, run: Run, out: Path) -> None:
    ends = write_ends(tmp_path, apart=1)
    words = ("--alpha", "0.4", "--method", "dare", "--density", "0.5", "--seed", "7")
    assert run("blend", *ends, "-o", out / "blend.safetensors", *words).code == 0
    recipe = read_recipe(out / "blend.safetensors")
    assert recipe.mix.method == MergeMethod("dare", 0.5, 7)
    assert json.loads(recipe.to_json())["method"] == {"name": "dare", "density": 0.5, "seed": 7}
    (out / "blend.safetensors").unlink()
    for words, message in (
        (("--method", "mean"), "Error: Expected one of slerp, .* but got 'mean'"),
        (("--seed", "7"), "Error: Expected --method for --seed"),
        (("--method", "model-stock"), "an ancestor and at least two networks"),
    ):
        result = run("blend", *ends, "-o", out / "x.safetensors", "--alpha", "0.4", *words)
        assert result.code == 1
        assert re.search(message, result.err), result.err


def test_model_stock_needs_no_shares(tmp_path: Path, run: Run, out: Path) -> None:
    ends = write_ends(tmp_path, apart=1)
    result = run("blend", *ends, ends[1], "-o", out / "blend.safetensors", "--method", "model-stock")
    assert result.code == 0, result.err
    assert read_recipe(out / "blend.safetensors").shares == (0.0, 0.5, 0.5)
