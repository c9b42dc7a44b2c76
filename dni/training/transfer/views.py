"""The views of the Transfer tab that can be trained and measured, by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from dni.errors import DniError, shown

__all__ = ["VIEW_NAMES", "Runs", "view_module"]

# Each is a module of this room with ``train(runs, seed)``, and ``evaluate(runs)`` which writes what ships.
VIEW_NAMES = ("teacher", "depth", "unlabelled", "letters", "words")


@dataclass(frozen=True)
class Runs:
    """Where data are and runs go.

    Attributes:
        data_root: The folder of the data.
        run_root: The folder of the runs, ``<view>/<seed>/`` in it.
        num_seeds: Seeds 0 to this less one are measured.
        resume: Keep the networks that are already there, and train what is missing.
        shorten: Divides the number of training steps, for tests.
    """

    data_root: Path
    run_root: Path
    num_seeds: int = 3
    resume: bool = True
    shorten: int = 1

    def folder(self, view: str, seed: int) -> Path:
        """The folder of a run, made where needed."""
        folder = self.run_root / view / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def view_module(name: str) -> Any:
    """The module of a view.

    Raises:
        DniError: There is no such view.
    """
    if name not in VIEW_NAMES:
        raise DniError(f"Expected one of the views {', '.join(VIEW_NAMES)}, but got {shown(name)}.")
    return import_module(f"dni.training.transfer.{name}")
