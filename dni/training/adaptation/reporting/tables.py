"""The report of the digit networks as Markdown tables, with the number of seeds of every row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dni.digits.methods import METHODS

__all__ = ["COLUMNS", "LAYERS", "PERCENT", "layer_table", "readme_table", "report_table"]

COLUMNS = {
    "mnist": "MNIST",
    "mnist_m": "MNIST-M",
    "inverted": "inverted",
    "photograph": "over a photograph",
    "domain_accuracy": "domain accuracy",
    "a_distance": "A-distance",
    "a_distance_aligned": "A-distance, aligned layers",
    "ece_mnist_m": "ECE on MNIST-M",
    "selected": "MNIST-M, label-free choice",
    "oracle": "MNIST-M, oracle choice",
    "seconds": "training s",
}
README_COLUMNS = ("mnist", "mnist_m", "inverted", "photograph")
PERCENT = {"mnist", "mnist_m", "inverted", "photograph", "domain_accuracy", "selected", "oracle"}
LAYERS = {
    "features": "convolutions",
    "fc1": "first hidden layer",
    "fc2": "second hidden layer",
    "logits": "logits",
}

Methods = Mapping[str, Mapping[str, Any]]


def report_table(methods: Methods) -> str:
    """All measures: mean ± standard deviation over the seeds of each row, and its number of steps."""
    return table(methods.items(), tuple(COLUMNS))


def readme_table(methods: Methods, large: Methods | None = None) -> str:
    """The accuracies alone, in the same form; ``large``: rows of the larger network."""
    return table([*methods.items(), *(large or {}).items()], README_COLUMNS)


def table(methods: Iterable[tuple[str, Mapping[str, Any]]], columns: tuple[str, ...]) -> str:
    names = ["method", "seeds", "steps", *(COLUMNS[name] for name in columns)]
    rows = [
        [row_title(method, entry), str(len(entry["runs"])), f"{entry['iterations']:,}"]
        + [cell(entry, name) for name in columns]
        for method, entry in methods
    ]
    return markdown(names, rows)


def row_title(method: str, entry: Mapping[str, Any]) -> str:
    """A row that was kept from before the method had its present steps and weight, says so."""
    size = ", larger network" if entry.get("size") == "large" else ""
    return METHODS[method].title + size + (", as before" if entry.get("superseded") else "")


def cell(entry: Mapping[str, Any], name: str) -> str:
    """Mean ± deviation; one seed has no deviation."""
    if name not in entry["mean"]:
        return "-"
    factor, digits = (100, 2) if name in PERCENT else (1, 0 if name == "seconds" else 3)
    mean, std = factor * entry["mean"][name], factor * entry["std"][name]
    return f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if len(entry["runs"]) > 1 else "")


def layer_table(distances: Mapping[str, Mapping[str, float]]) -> str:
    """The A-distance at every layer of each method's network of seed 0."""
    rows = [
        [METHODS[method].title, *(f"{entry[layer]:.3f}" for layer in LAYERS)]
        for method, entry in distances.items()
    ]
    return markdown(["A-distance, seed 0", *LAYERS.values()], rows)


def markdown(names: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"
