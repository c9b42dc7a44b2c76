"""``dni curve`` with layers and a mask, against the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import case
from command_line import Run, assert_refused
from PIL import Image

from dni.blending.shares import Mix
from dni.checkpoints.networks import load_ends
from dni.masks.files import encode_mask, load_mask
from dni.pictures.read import open_picture
from dni.rendering.renderer import Renderer
from dni.tradeoff.curve import measure_curve
from dni.tradeoff.question import TradeoffRequest

pytestmark = pytest.mark.usefixtures("tiny_catalogue")

CURVE = ("--pair", "tiny", "--points", "3")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((24, 20), Image.Resampling.BICUBIC).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """White on the right."""
    Image.fromarray(np.repeat(np.uint8([[0, 0, 255, 255, 255, 255]]), 5, axis=0)).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def measured(run: Run, photo: Path, *words: object) -> dict[str, Any]:
    result = run("curve", photo, *CURVE, "--json", *words)
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_layers_are_those_of_render(run: Run, photo: Path, tiny_ends: list[Path]) -> None:
    """A group has its own alpha, all along."""
    values = measured(run, photo, "--group", "last=0.25", "--group", "first=1,0")
    groups = {"last": (0.75, 0.25), "first": (1, 0)}
    start, stop = (Mix.of(shares, groups=groups) for shares in ((1, 0), (0, 1)))
    question = TradeoffRequest(start=start, stop=stop, num_points=3)
    curve = measure_curve(open_picture(photo), Renderer(*load_ends(tiny_ends)), question)
    assert values["points"] == curve.to_dict()["points"]
    assert [point["alpha"] for point in values["points"]] == [0, 0.5, 1]
    assert values["suggestion"]["alpha"] in (0, 0.5, 1)
    assert "With your layers" in values["title"]
    assert values["points"] != measured(run, photo)["points"]


@pytest.mark.parametrize("alpha", [None, 0.5])
def test_a_mask_is_that_of_render(
    run: Run, photo: Path, mask: Path, tiny_ends: list[Path], alpha: float | None
) -> None:
    words = [] if alpha is None else ["--outside-alpha", alpha, "--levels", 2]
    values = measured(run, photo, "--mask", mask, "--group", "last=1", *words)
    groups = {"last": (0, 1)}
    question = TradeoffRequest(
        start=Mix.of((1, 0), groups=groups),
        stop=Mix.of((0, 1), groups=groups),
        num_points=3,
        mask=encode_mask(load_mask(mask)),
        levels=None if alpha is None else 2,
        outside=Mix.of_alpha(alpha or 0),
    )
    curve = measure_curve(open_picture(photo), Renderer(*load_ends(tiny_ends)), question)
    assert values["points"] == curve.to_dict()["points"]
    assert values["title"] == curve.title
    assert "With your mask" in curve.title


def test_the_words_say_what_was_measured(run: Run, photo: Path, mask: Path) -> None:
    result = run("curve", photo, *CURVE, "--mask", mask, "--group", "last=0")
    first = result.out.splitlines()[0]
    assert first.endswith(
        "With your layers: some have shares of their own. With your mask: outside it nothing changes."
    )
    assert "With your" not in run("curve", photo, *CURVE).out


def test_every_measure_is_there(run: Run, photo: Path, tmp_path: Path) -> None:
    Image.new("RGB", (96, 80)).save(tmp_path / "truth.png")
    result = run("curve", photo, *CURVE, "--reference", tmp_path / "truth.png")
    assert "alpha  psnr_y  ssim_y  spectral_ratio  texture_error" in result.out


BAD_OPTIONS = [
    ("--levels 3", "--mask FILE for --levels, but got none"),
    ("--outside-alpha 0.5", "--mask FILE for --outside-alpha, but got none"),
    ("--mask WIDE", "the proportions of the 24x20 picture, .* is 66x33"),
    ("--mask none.png", r"none\.png does not exist"),
    ("--group middle=1", "groups of layers that this network has"),
    ("--group last", "--group NAME=ALPHA"),
    ("--group last=2", "between 0 and 1"),
    ("--mask MASK --outside-alpha 2", "between 0 and 1"),
]


def test_options_that_cannot_be_used(run: Run, photo: Path, mask: Path, tmp_path: Path, out: Path) -> None:
    for options, text in BAD_OPTIONS:
        with case(options):
            Image.new("L", (66, 33)).save(tmp_path / "wide.png")
            files = {"MASK": mask, "WIDE": tmp_path / "wide.png"}
            words = [files.get(word, word) for word in options.split()]
            assert_refused(run("curve", photo, *CURVE, *words), text, out)


def test_a_curve_is_of_two_ends(run: Run, photo: Path, out: Path, tiny_ends: list[Path]) -> None:
    result = run("curve", photo, "--ends", *tiny_ends, tiny_ends[0])
    assert_refused(result, "Expected two ends for a curve, but got 3. Choose two of them", out)
