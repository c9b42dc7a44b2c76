"""States of interrupted runs that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dni.errors import DniError
from dni.training.run_state import read_run_state


def test_a_state_is_read_back(tmp_path: Path) -> None:
    torch.save({"iteration": 3, "network": {"weight": torch.ones(2)}}, tmp_path / "run.pt")
    assert read_run_state(tmp_path / "run.pt")["iteration"] == 3


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda _: b"no state", lambda whole: whole[:200], lambda whole: whole[:-300]]
)
def test_a_damaged_state_says_what_to_do(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    file = tmp_path / "run.pt"
    torch.save({"iteration": 3}, file)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DniError, match=r"interrupted run in .*run\.pt, but it cannot be read .* Delete it"):
        read_run_state(file)


def test_something_else_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "run.pt")
    with pytest.raises(DniError, match=r"interrupted run in .*run\.pt, but got \[1, 2\]"):
        read_run_state(tmp_path / "run.pt")
