"""Rows of the shipped report whose runs are not on this machine: which still hold, and why one does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dni.checkpoints.files import sha256_of
from dni.digits.classifiers import read_network
from dni.errors import DniError
from dni.training.adaptation.methods import METHOD_CLASSES
from dni.training.adaptation.reporting.evaluator import Evaluator

__all__ = ["KeptRows", "read_report"]

# Another processor rounds otherwise, and a few of 10000 digits tip.
TOLERANCE = 0.001


def read_report(file: Path) -> dict[str, Any]:
    """The report, or {} where there is none yet.

    Raises:
        DniError: It is damaged.
    """
    if not file.is_file():
        return {}
    try:
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DniError(
            f"Expected the report of the digit networks in {file}, but it is damaged ({error})."
        ) from error
    return report


@dataclass(frozen=True)
class KeptRows:
    """What the report in ``folder`` says of networks that lie beside it.

    Attributes:
        report: As :func:`read_report` gives it.
        folder: Of the report and the shipped networks.
        data: The hashes of the digits that rows are measured on now.
    """

    report: Mapping[str, Any]
    folder: Path
    data: Mapping[str, str]

    def row(self, method: str) -> Mapping[str, Any]:
        """The reported row; {} where there is none."""
        row: Mapping[str, Any] = self.report.get("methods", {}).get(method, {})
        return row

    def count(self, method: str) -> int:
        """The seeds of the reported row."""
        return len(self.row(method)["runs"])

    def mismatch(self, method: str) -> str | None:
        """Why the reported row is not to be kept, in words that follow "because"; None if it may be.

        The digits and the network are compared by their hashes.
        """
        file = self.folder / f"{method}.safetensors"
        if not self.row(method):
            return "the report has no such row"
        if dict(self.report.get("data", {})) != dict(self.data):
            return "it was measured on other digits"
        if not file.is_file() or self.report.get("networks", {}).get(file.name) != sha256_of(file):
            return f"{file.name} is not the network that it was measured with"
        return None

    def is_superseded(self, method: str, iterations: int) -> bool:
        """Whether the row is of another number of steps than the method has now, or of an unchosen weight."""
        row = self.row(method)
        chosen = "setting" in row or not METHOD_CLASSES[method].candidates
        return bool(row["iterations"] != iterations or not chosen)

    def check(self, method: str, evaluator: Evaluator) -> None:
        """Measure the shipped network of seed 0 again.

        Raises:
            DniError: Its accuracies are not those of the row.
        """
        network, reported = read_network(self.folder / f"{method}.safetensors"), self.row(method)["runs"][0]
        for domain in ("mnist", "mnist_m"):
            measured = evaluator.accuracy(network, domain)
            if abs(measured - reported[domain]) > TOLERANCE:
                raise DniError(
                    f"Expected the shipped network of {method} to read {reported[domain]:.4f} of {domain}, "
                    f"as report.json says, but it reads {measured:.4f}. Train it again: evaluate without "
                    "--keep-reported."
                )
