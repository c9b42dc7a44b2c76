"""Measures all runs of the comparison, and writes the report, the card's table and the networks that we ship.

Test labels are read here and nowhere else; nothing that is reported was chosen by them, but for the column
that says so ("oracle").
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from statistics import fmean, pstdev
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from dni.catalog.bundled import weights_folder
from dni.checkpoints.files import save, sha256_of
from dni.digits.classifiers import read_network, read_snapshots
from dni.digits.domains import digest
from dni.digits.methods import ANCESTOR, METHODS
from dni.errors import DniError
from dni.training.adaptation.evaluator import Row, evaluator_of
from dni.training.adaptation.landscape import curves, melting, plane
from dni.training.adaptation.methods import METHOD_CLASSES
from dni.training.adaptation.runs import Runs, in_parallel, training_digits
from dni.version import __version__

__all__ = ["report_table", "write_report"]

COLUMNS = {
    "mnist": "MNIST",
    "mnist_m": "MNIST-M",
    "inverted": "inverted",
    "photograph": "over a photograph",
    "domain_accuracy": "domain accuracy",
    "a_distance": "A-distance",
    "ece_mnist_m": "ECE on MNIST-M",
    "selected": "MNIST-M, label-free choice",
    "oracle": "MNIST-M, oracle choice",
    "seconds": "training s",
}
PERCENT = {"mnist", "mnist_m", "inverted", "photograph", "domain_accuracy", "selected", "oracle"}
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- /table -->)", re.DOTALL)


def measure_run(runs: Runs, method: str, seed: int) -> Row:
    """One run's measures; kept beside the run as long as its network stays the same."""
    file = runs.network(method, seed)
    kept = file.with_name("measures.json")
    if kept.is_file():
        known: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        if known.pop("sha256") == sha256_of(file):
            return known
    with safe_open(file, "pt") as opened:
        seconds = float(opened.metadata()["seconds"])
    bench = evaluator_of(runs)
    row = bench.measure(read_network(file)) | {"seconds": seconds}
    if method != ANCESTOR:
        row |= bench.choices(read_snapshots(file.with_name("snapshots.safetensors")))
    row = {name: round(value, 5) for name, value in row.items()}
    kept.write_text(json.dumps({"sha256": sha256_of(file), **row}) + "\n", encoding="utf-8")
    return row


def measure_methods(runs: Runs, *, jobs: int) -> dict[str, Any]:
    """Every method's measures over all seeds."""
    every = [(runs, method, seed) for method in METHODS for seed in range(runs.num_seeds)]
    rows = dict(zip(every, in_parallel(measure_run, every, jobs), strict=True))
    return {
        method: {
            "title": METHODS[method].title,
            "paper": METHODS[method].paper,
            "iterations": runs.iterations or METHOD_CLASSES[method].iterations,
            **summary([rows[runs, method, seed] for seed in range(runs.num_seeds)]),
        }
        for method in METHODS
    }


def summary(rows: list[Row]) -> dict[str, Any]:
    """Mean and standard deviation (over the seeds, of the population) of every measure."""
    return {
        "mean": {name: round(fmean(row[name] for row in rows), 5) for name in rows[0]},
        "std": {name: round(pstdev(row[name] for row in rows), 5) for name in rows[0]},
        "runs": rows,
    }


def report_table(methods: Mapping[str, Mapping[str, Any]]) -> str:
    """The report as a Markdown table: mean ± standard deviation."""
    lines = ["| method | " + " | ".join(COLUMNS.values()) + " |", "|---|" + "---|" * len(COLUMNS)]
    for method, entry in methods.items():
        cells = [cell(entry, name) for name in COLUMNS]
        lines.append(f"| {METHODS[method].title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cell(entry: Mapping[str, Any], name: str) -> str:
    if name not in entry["mean"]:
        return "-"
    factor, digits = (100, 2) if name in PERCENT else (1, 0 if name == "seconds" else 3)
    mean, std = factor * entry["mean"][name], factor * entry["std"][name]
    return f"{mean:.{digits}f} ± {std:.{digits}f}"


def write_report(runs: Runs, *, jobs: int = 1) -> dict[str, Any]:
    """Train what is missing, measure the runs, and write report, table and networks to ``weights/digits``.

    Raises:
        DniError: The card is missing or has no marked table.
    """
    folder = weights_folder() / "digits"
    card = folder / "README.md"
    if not card.is_file() or not TABLE.search(card.read_text(encoding="utf-8")):
        raise DniError(f"Expected a model card with a marked table at {card}, but there is none.")
    runs.train(jobs=jobs)
    bench, methods = evaluator_of(runs), measure_methods(runs, jobs=jobs)
    ship(runs, folder)
    report = {
        "command": "python -m dni evaluate digits --data-root DATA --run-root RUNS"
        f" --seeds {runs.num_seeds} --iterations {runs.iterations}",
        "protocol": f"seeds 0 to {runs.num_seeds - 1}; each run's last network; float32; 10000 test digits",
        "data": {name: digest(digits) for name, digits in bench.domains.items()}
        | {"mnist_m_train": digest(training_digits(runs.data_root)[1])},
        "versions": {"dni": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "networks": {path.name: sha256_of(path) for path in sorted(folder.glob("*.safetensors"))},
        "methods": methods,
        "ddc_places": json.loads((runs.folder / "ddc" / "places.json").read_text(encoding="utf-8")),
        "curves": curves(runs, jobs=jobs),
        "plane": plane(bench),
        "dann_run": list(melting(bench)),
    }
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    text = card.read_text(encoding="utf-8")
    card.write_text(TABLE.sub(lambda _: report_table(methods), text), encoding="utf-8")
    return report


def ship(runs: Runs, folder: Path) -> None:
    """Copy the networks of seed 0, and DANN's snapshots in half precision, which is enough to look at."""
    for method in METHODS:
        # The bytes, so that hashes stay: safetensors writes the metadata in a new order each time.
        copyfile(runs.network(method, 0), folder / f"{method}.safetensors")
    snapshots = load_file(runs.run_folder("dann", 0) / "snapshots.safetensors")
    halves = {name: tensor.half() for name, tensor in snapshots.items()}
    save(folder / "dann-run.safetensors", halves, {"method": "dann"})
