"""Every architecture that spandrel loads: blended by the formula, and rendered as spandrel renders it."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from benchmarks.architecture_rows import ROWS, Row
from benchmarks.architectures import check

QUICK = (
    "Compact x2 grey",
    "Compact x2 four channels",
    "ESRGAN unshuffle x2",
    "RealCUGAN 2x",
    "NAFNet two levels",
    "SAFMN x2",
)
LIGHT = [row for row in ROWS if not row.heavy]


@pytest.mark.parametrize("name", QUICK)
def test_an_architecture_is_rendered_as_spandrel_renders_it(name: str, tmp_path: Path) -> None:
    outcome = check(next(row for row in ROWS if row.name == name), tmp_path)
    assert outcome.is_right, outcome


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in LIGHT if row.name not in QUICK], ids=lambda row: row.name)
def test_a_whole_picture_is_as_of_spandrel(row: Row, tmp_path: Path) -> None:
    """Their tiles are measured by ``python -m benchmarks.architectures``, which takes minutes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some constructors warn of what they do
        outcome = check(row, tmp_path, tiles=False)
    assert outcome.is_right, outcome
