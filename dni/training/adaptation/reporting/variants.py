"""Runs with a setting that the rule did not choose: what they read, for the card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open

from dni.digits.classifiers import logits_of, read_network
from dni.training.adaptation.measures import information_maximisation
from dni.training.adaptation.methods import METHOD_CLASSES
from dni.training.adaptation.reporting.evaluator import Evaluator
from dni.training.adaptation.runs import Runs

__all__ = ["measure_variants"]


def measure_variants(
    runs: Runs, evaluator: Evaluator, reported: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Those that are among the runs, and those that an earlier report has beside them."""
    found = [
        measure_variant(evaluator, file)
        for method in METHOD_CLASSES
        for file in sorted(runs.folder.glob(f"{method}-*/*/{method}.safetensors"))
    ]
    known = [named(entry) for entry in found]
    return [*found, *(dict(entry) for entry in reported if named(entry) not in known)]


def named(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry["method"], entry["setting"]["weight"], tuple(entry["setting"]["layers"]), entry["seed"]


def measure_variant(evaluator: Evaluator, file: Path) -> dict[str, Any]:
    """Accuracies, and the rule's score of the last network on unlabelled training digits."""
    with safe_open(file, "pt") as opened:
        training = json.loads(opened.metadata()["training"])
    network, unlabelled = read_network(file), evaluator.training[1]
    row = {domain: evaluator.accuracy(network, domain) for domain in ("mnist", "mnist_m")}
    row["information"] = information_maximisation(logits_of(network, unlabelled))
    return {
        "method": training["method"],
        "setting": training["setting"],
        "seed": training["seed"],
        "iterations": training["iterations"] or METHOD_CLASSES[training["method"]].iterations,
        **{name: round(value, 5) for name, value in row.items()},
    }
