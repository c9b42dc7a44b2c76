"""``dni inspect``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Run, assert_refused

from dni.blending.layer_groups import layer_groups
from dni.checkpoints.files import save
from models import RRDBNet

pytestmark = pytest.mark.usefixtures("tiny_catalogue")


def test_for_people(run: Run, tiny_ends: list[Path]) -> None:
    result = run("inspect", *tiny_ends)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] in ("blends well", "blends with loss", "does not blend")
    assert lines[3] == "Networks"
    assert lines[4].startswith("  calm: RRDBNet x4, 3 channels in, 3 out, ")
    assert "  lineage: unknown" in lines
    start = next(number for number, line in enumerate(lines) if line.startswith("Correlation of the filters"))
    assert lines[start].startswith("Correlation of the filters, wild with calm (mean 0.")
    chart = lines[start + 1 : lines.index("", start)]
    groups = list(layer_groups(RRDBNet(num_filters=8, num_blocks=1).state_dict()))
    assert [line[2:12].strip() for line in chart] == groups
    for line in chart:
        value = float(line.split()[-1])
        assert line.count("█") == pytest.approx(30 * max(0, value), abs=0.7)
    assert any(line.startswith("Half-way between calm and wild, on astronaut.png: ") for line in lines)


def test_as_json(run: Run, tiny_ends: list[Path]) -> None:
    values = json.loads(run("inspect", "--pair", "tiny", "--json").out)
    assert list(values) == ["verdict", "reason", "evidence"]
    assert [each["name"] for each in values["evidence"]["networks"]] == ["calm", "wild"]
    text = run("inspect", *tiny_ends).out
    assert text.splitlines()[:2] == [values["verdict"], values["reason"]]


def test_networks_that_do_not_fit_are_no_error(run: Run, tiny_ends: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    metadata = {"architecture": "RRDBNet", "num_filters": "4", "num_blocks": "1"}
    save(other, RRDBNet(num_filters=4, num_blocks=1).state_dict(), metadata)
    result = run("inspect", tiny_ends[0], other)
    assert result.code == 0
    assert result.out.startswith("does not blend\nExpected the same shapes, but these differ")
    assert "  differ in: body.0.rdb1.conv1.weight, " in result.out
    assert "Half-way" not in result.out


def test_what_cannot_be_read(run: Run, tiny_ends: list[Path], tmp_path: Path, out: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no network")
    assert_refused(run("inspect", tiny_ends[0], bad), r"bad\.safetensors is damaged", out)
    assert_refused(run("inspect", tiny_ends[0]), "at least two files", out)
    assert_refused(run("inspect"), "either --pair NAME or two or more checkpoints", out)
    assert_refused(run("inspect", *tiny_ends, "--picture", tmp_path / "no.png"), r"no\.png", out)
