"""Accuracy between networks (lines and a plane) and along the DANN run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from tqdm import tqdm

from dni.blending.interpolate import shares_of
from dni.digits.classifiers import read_network, read_snapshots
from dni.digits.methods import ANCESTOR
from dni.training.adaptation.losses import reversal_schedule
from dni.training.adaptation.reporting.evaluator import FEW, Evaluator, Row, evaluator_of
from dni.training.adaptation.runs import Runs, in_parallel

__all__ = ["CORNERS", "curves", "melting", "plane"]

CORNERS = (ANCESTOR, "dann", "dann_mmd")

ALPHAS = tuple(-0.25 + 0.0625 * step for step in range(25))
# Digits of each domain for the curves.
MANY = 5000
PLANE = tuple(-0.25 + 0.125 * step for step in range(13))


def curves(runs: Runs, folder: Path, methods: Sequence[str], *, jobs: int = 1) -> dict[str, Any]:
    """Accuracy on both domains along alpha, from source-only (0) to every other of the methods (1); seed 0.

    ``folder`` holds the networks.
    """
    others = [method for method in methods if method != ANCESTOR]
    found = in_parallel(curve, [(runs, folder, method) for method in others], jobs)
    return {"alphas": ALPHAS, **dict(zip(others, found, strict=True))}


def curve(runs: Runs, folder: Path, method: str) -> dict[str, list[float]]:
    states = [read_network(folder / f"{end}.safetensors").state_dict() for end in (ANCESTOR, method)]
    points = [evaluator_of(runs).along(states, shares_of(alpha), count=MANY) for alpha in ALPHAS]
    return {"mnist": [point[0] for point in points], "mnist_m": [point[1] for point in points]}


def plane(bench: Evaluator, folder: Path) -> dict[str, Any]:
    """Accuracy on a grid of the plane through source-only, DANN (u) and DaNN (v); seed 0, few digits."""
    states = [load_file(folder / f"{method}.safetensors") for method in CORNERS]
    points = [
        [bench.along(states, (1 - u - v, u, v), count=FEW) for u in PLANE] for v in tqdm(PLANE, desc="plane")
    ]
    return {
        "corners": list(CORNERS),
        "u": PLANE,
        "v": PLANE,
        "mnist": [[point[0] for point in row] for row in points],
        "mnist_m": [[point[1] for point in row] for row in points],
    }


def melting(bench: Evaluator) -> Iterator[Row]:
    """DANN's run with seed 0, snapshot by snapshot."""
    snapshots = read_snapshots(bench.runs.run_folder("dann", 0) / "snapshots.safetensors")
    total = max(snapshots)
    for iteration, network in tqdm(snapshots.items(), desc="snapshots"):
        row = {"iteration": iteration, "reversal": reversal_schedule(iteration / total)}
        row |= {name: bench.accuracy(network, name) for name in ("mnist", "mnist_m")}
        row |= bench.distances(network)
        yield {name: round(value, 5) for name, value in row.items()}
