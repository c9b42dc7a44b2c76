"""The shipped DANN training run: snapshots of the network, and the report's metrics of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from dni.catalog.bundled import weights_folder

__all__ = ["DannRun", "Metrics", "read_metrics", "snapshots_path"]

Metrics = dict[str, float]

COLUMNS = ("iteration", "reversal", "mnist", "mnist_m", "domain_accuracy", "a_distance")


@dataclass(frozen=True)
class DannRun:
    """DANN's training, snapshot by snapshot.

    Attributes:
        iterations: Of the S snapshots; empty if they are not on this machine.
        positions: float32 (S, 2, 150, 2) in [-1, 1]: x and y of digits of MNIST, then MNIST-M.
        metrics: One row a snapshot: iteration, reversal, mnist and mnist_m (accuracies), domain_accuracy,
            a_distance; empty if there is no report of this run.
        note: What is shown, or what is missing.
    """

    iterations: tuple[int, ...]
    positions: Tensor
    metrics: tuple[Metrics, ...]
    note: str


def snapshots_path() -> Path:
    return weights_folder() / "digits" / "dann-run.safetensors"


def read_metrics(iterations: tuple[int, ...]) -> tuple[Metrics, ...]:
    """The report's rows of a run with snapshots at these iterations; none if there is no such report."""
    path = weights_folder() / "digits" / "report.json"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["dann_run"]
        metrics = tuple(read_row(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return metrics if tuple(row["iteration"] for row in metrics) == iterations else ()


def read_row(row: Any) -> Metrics:
    return {name: float(row[name]) for name in COLUMNS}
