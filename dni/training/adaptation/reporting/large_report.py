"""Measures the large digit networks, and writes their report, table and files to ``weights/digits/large``.

What ships is in half precision, and that is what is measured, of every seed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.utils.flop_counter import FlopCounterMode

from dni.blending.shares import shares_of
from dni.catalog.bundled import weights_folder
from dni.checkpoints.files import save, sha256_of
from dni.digits.classifiers import CHUNK, NETWORK_CLASSES, load_classifier
from dni.digits.methods import ANCESTOR, BEST, METHODS
from dni.errors import DniError
from dni.training.adaptation.reporting.evaluator import evaluator_of
from dni.training.adaptation.reporting.report import card_of, marked, measure_methods, versions
from dni.training.adaptation.reporting.tables import markdown, report_table
from dni.training.adaptation.runs import Runs
from models.digits import DigitClassifier

__all__ = ["LARGE_METHODS", "write_large_report"]

LARGE_METHODS = (ANCESTOR, BEST, "target_only")
TABLE = marked("large")
REPEATS = 15
ALPHAS = tuple(-0.25 + 0.25 * step for step in range(7))
# Digits of each domain for the blends.
MANY = 2500


def write_large_report(runs: Runs, *, keep_reported: bool = False, jobs: int = 1) -> dict[str, Any]:
    """Measure the runs of the large networks.

    Args:
        runs: Of the size "large".
        keep_reported: Train nothing, and measure the seeds that are there.
        jobs: Processes at once.

    Raises:
        DniError: The card is missing or has no marked table, or a run is missing and not to be trained.
    """
    folder = weights_folder() / "digits" / "large"
    card = card_of(folder.parent, TABLE)
    if not keep_reported:
        runs.train(LARGE_METHODS, jobs=jobs)
    seeds = {method: runs.finished_seeds(method) for method in LARGE_METHODS}
    if missing := [method for method, count in seeds.items() if not count]:
        raise DniError(
            f"Expected runs of {', '.join(missing)} with seed 0 in {runs.folder / 'large'}, but there are "
            f"none. Train them with 'python -m dni train digits {missing[0]} --network large'."
        )
    methods = measure_methods(runs, seeds, jobs=jobs)
    folder.mkdir(exist_ok=True)
    for method in LARGE_METHODS:
        ship(runs, method)
    report = {
        "command": "python -m dni evaluate digits --network large --data-root DATA --run-root RUNS"
        f" --seeds {runs.num_seeds} --iterations {runs.iterations}" + " --keep-reported" * keep_reported,
        "protocol": "each row's seeds from 0; each run's last network, in half precision; 10000 test digits",
        "data": evaluator_of(runs).data_hashes,
        "versions": versions(),
        "networks": {path.name: sha256_of(path) for path in sorted(folder.glob("*.safetensors"))},
        "cost": cost(),
        "methods": methods,
        "blends": blends(runs),
    }
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    text = card.read_text(encoding="utf-8")
    card.write_text(TABLE.sub(lambda _: large_tables(report), text), encoding="utf-8")
    return report


def ship(runs: Runs, method: str) -> None:
    """Write the network of seed 0 in half precision, unless it is there: metadata has no fixed order."""
    file = weights_folder() / "digits" / "large" / f"{method}.safetensors"
    halves = {name: tensor.half() for name, tensor in load_file(runs.network(method, 0)).items()}
    if file.is_file():
        known = load_file(file)
        if known.keys() == halves.keys() and all(torch.equal(known[name], halves[name]) for name in halves):
            return
    with safe_open(runs.network(method, 0), "pt") as opened:
        save(file, halves, opened.metadata())


def cost() -> dict[str, dict[str, float]]:
    """Parameters, MFLOP (two a multiplication) and time for a digit, of each size; the time is in units of
    the small one's, measured in turns on one core."""
    networks = {size: build().eval() for size, build in NETWORK_CLASSES.items()}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = [{size: seconds(network) for size, network in networks.items()} for _ in range(REPEATS)]
    finally:
        torch.set_num_threads(threads)
    return {
        size: {
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "mflop": round(flops(network) / 1e6, 2),
            "time": round(median(turn[size] / turn["small"] for turn in times), 1),
        }
        for size, network in networks.items()
    }


@torch.no_grad()
def seconds(network: DigitClassifier) -> float:
    digits = torch.rand(CHUNK, 3, 28, 28).to(memory_format=torch.channels_last)
    started = time.perf_counter()
    network.to(memory_format=torch.channels_last)(digits)
    return time.perf_counter() - started


@torch.no_grad()
def flops(network: DigitClassifier) -> int:
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(1, 3, 28, 28))
    return int(counter.get_total_flops())


def large_tables(report: Mapping[str, Any]) -> str:
    """The rows, what the networks cost, and how blends of them fare."""
    costs = [
        [size, f"{entry['parameters']:,}", f"{entry['mflop']:.1f}", f"{entry['time']:g}"]
        for size, entry in report["cost"].items()
    ]
    return "\n".join(
        [
            report_table(report["methods"]),
            markdown(["network", "parameters", "MFLOP a digit", "time (small: 1)"], costs),
            blend_table(report["blends"]),
        ]
    )


def blends(runs: Runs) -> dict[str, Any]:
    """Accuracy on both domains along alpha, from source-only (0) to each of the others (1); seed 0."""
    states = {method: load_classifier(method, size="large").state_dict() for method in LARGE_METHODS}
    bench, found = evaluator_of(runs), {}
    for method in LARGE_METHODS[1:]:
        ends = (states[ANCESTOR], states[method])
        points = [bench.along(ends, shares_of(alpha), count=MANY) for alpha in ALPHAS]
        columns = zip(("mnist", "mnist_m"), zip(*points, strict=True), strict=True)
        found[method] = {name: [round(value, 5) for value in column] for name, column in columns}
    return {"alphas": ALPHAS, "digits": MANY, **found}


def blend_table(found: Mapping[str, Any]) -> str:
    """Accuracy of blends of the large source-only with the others, in percent."""
    domains = (("mnist", "MNIST"), ("mnist_m", "MNIST-M"))
    rows = [
        [f"{METHODS[method].title}, {title}", *(f"{100 * value:.1f}" for value in found[method][name])]
        for method in LARGE_METHODS[1:]
        for name, title in domains
    ]
    alphas = [f"alpha {alpha:g}" for alpha in found["alphas"]]
    return markdown([f"blend of source-only with, seed 0, {found['digits']:,} digits", *alphas], rows)
