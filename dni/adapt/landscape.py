"""How accuracy changes between the networks, and on the way to one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safetensors.torch import load_file
from tqdm import tqdm

from dni.adapt.bench import FEW, Bench, Row
from dni.adapt.classifiers import read_snapshots
from dni.adapt.losses import reversal_schedule
from dni.adapt.methods import ANCESTOR, METHODS
from dni.adapt.methods.dann import Dann
from dni.adapt.methods.dann_mmd import DannMmd
from dni.interpolate import shares_of

__all__ = ["curves", "melting", "plane"]

ALPHAS = tuple(round(-0.25 + 0.05 * step, 2) for step in range(31))
PLANE = tuple(round(-0.25 + 0.125 * step, 3) for step in range(13))


def curves(bench: Bench) -> dict[str, Any]:
    """Accuracy on both domains along alpha, from source-only (0) to every other method (1); seed 0."""
    first = load_file(bench.runs.network(ANCESTOR, 0))
    result: dict[str, Any] = {"alphas": ALPHAS}
    for method in tqdm([method for method in METHODS if method != ANCESTOR], desc="curves"):
        second = load_file(bench.runs.network(method, 0))
        points = [bench.along([first, second], shares_of(alpha)) for alpha in ALPHAS]
        result[method] = {"mnist": [p[0] for p in points], "mnist_m": [p[1] for p in points]}
    return result


def plane(bench: Bench) -> dict[str, Any]:
    """Accuracy on a grid of the plane through source-only, DANN (u) and DaNN (v); seed 0, few digits."""
    states = [load_file(bench.runs.network(method, 0)) for method in (ANCESTOR, Dann.id, DannMmd.id)]
    points = [
        [bench.along(states, (1 - u - v, u, v), count=FEW) for u in PLANE] for v in tqdm(PLANE, desc="plane")
    ]
    return {
        "corners": [ANCESTOR, Dann.id, DannMmd.id],
        "u": PLANE,
        "v": PLANE,
        "mnist": [[point[0] for point in row] for row in points],
        "mnist_m": [[point[1] for point in row] for row in points],
    }


def melting(bench: Bench) -> Iterator[Row]:
    """DANN's run with seed 0, snapshot by snapshot."""
    snapshots = read_snapshots(bench.runs.run_folder(Dann.id, 0) / "snapshots.safetensors")
    total = max(snapshots)
    for iteration, network in tqdm(snapshots.items(), desc="snapshots"):
        row = {"iteration": iteration, "reversal": reversal_schedule(iteration / total)}
        row |= {name: bench.accuracy(network, name) for name in ("mnist", "mnist_m")}
        row |= bench.distances(network)
        yield {name: round(value, 5) for name, value in row.items()}
