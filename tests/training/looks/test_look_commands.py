"""``python -m dni.training.looks`` from photographs to tables and contact sheets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dni.checkpoints.networks import load_network
from dni.training.looks.__main__ import app


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
    for name, image in zip("ab", pixels, strict=True):
        Image.fromarray(image.repeat(8, 0).repeat(8, 1)).save(folder / f"{name}.png")
    return folder


def run(*arguments: object) -> list[str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_a_network_is_trained_resumed_and_looked_at(photographs: Path, tmp_path: Path) -> None:
    sizes = ("--photographs", photographs, "--batch-size", 1, "--crop-size", 32)
    run("one", "photograph", *sizes, "--run-folder", tmp_path / "p", "--steps", 2)
    ancestor = tmp_path / "p" / "photograph.safetensors"
    train = ("one", "comic", *sizes, "--run-folder", tmp_path / "c", "--ancestor", ancestor, "--resume")
    run(*train, "--steps", 2)
    run(*train, "--steps", 3)
    assert [record["step"] for record in json.loads((tmp_path / "c" / "log.json").read_text())] == [2, 3]
    sheet = tmp_path / "sheet.png"
    end = tmp_path / "c" / "comic.safetensors"
    table = run("look", ancestor, end, "--end", "comic", "--photographs", photographs, "--sheet", sheet)
    assert table[0] == "| alpha | change | step | brightness | contrast |"
    assert [line.split(" | ")[0] for line in table[2:]] == ["| 0.00", "| 0.25", "| 0.50", "| 0.75", "| 1.00"]
    assert Image.open(sheet).size == (5 * 320, 2 * 320)


def test_families_give_a_ladder(photographs: Path, tmp_path: Path) -> None:
    sizes = ("--photographs", photographs, "--batch-size", 1, "--crop-size", 32)
    run("families", "ladders", *sizes, "--folder", tmp_path, "--seconds", 0.5)
    file = tmp_path / "ladders.safetensors"
    ends = ("--ends", "noise15", "noise50", "--strengths", 15, "--strengths", 35, "--control", "noise35")
    table = run("ladder", file, *ends, "--photographs", photographs, "--count", 2)
    assert table[0] == "| strength | 0.00 | 1.00 | noise35 |"
    values = [[float(value) for value in line.strip("| ").split(" | ")] for line in table[2:]]
    assert [row[0] for row in values] == [15, 35]
    assert values[0][1] > values[1][1]
    run("split", file, "noise15", "noise50", "--folder", tmp_path / "shipped")
    shipped = run("ladder", tmp_path / "shipped", *ends[:7], "--photographs", photographs, "--count", 2)
    assert shipped[0] == "| strength | 0.00 | 1.00 |"
    for row, line in zip(values, shipped[2:], strict=True):
        rounded = [float(value) for value in line.strip("| ").split(" | ")]
        assert rounded == pytest.approx(row[:3], abs=0.05)
    network = load_network(tmp_path / "shipped" / "noise50.safetensors")
    assert (network.architecture, network.multiple_of) == ("LookUNet", 8)
