"""Writes what was measured of a view: its ``report.json``, and its tables in the card of ``transfer``."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import torch
from torch import Tensor

from dni.catalog.bundled import weights_folder
from dni.checkpoints.files import save
from dni.errors import DniError
from dni.training.transfer.views import Runs
from dni.transfer.files import view_folder
from dni.version import __version__

__all__ = ["measured", "measured_text", "ship", "write_report"]

DECIMALS = 5


def measured(values: Iterable[float]) -> dict[str, float]:
    """Mean and standard deviation over the seeds."""
    numbers = list(values)
    return {"mean": round(fmean(numbers), DECIMALS), "deviation": round(pstdev(numbers), DECIMALS)}


def measured_text(found: Mapping[str, float]) -> str:
    """Per cent, for the tables of the card."""
    return f"{100 * found['mean']:.1f} ± {100 * found['deviation']:.1f}"


def ship(view: str, name: str, state: Mapping[str, Tensor]) -> None:
    """Write a network to the view's folder, in half precision."""
    folder = view_folder(view)
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / f"{name}.safetensors", {key: tensor.half() for key, tensor in state.items()}, {})


def card_path() -> Path:
    return weights_folder() / "transfer" / "README.md"


def write_report(view: str, runs: Runs, found: Mapping[str, Any], tables: Mapping[str, str]) -> None:
    """Write the report, and put tables between the card's marks ``<!-- NAME -->`` and ``<!-- /NAME -->``.

    Raises:
        DniError: The card is missing, or has not all the marks.
    """
    report = {
        "command": f"python -m dni evaluate transfer --data-root DATA --run-root RUNS --view {view}"
        f" --seeds {runs.num_seeds}",
        "versions": {"dni": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "seeds": runs.num_seeds,
        **found,
    }
    card = card_path()
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    for name, table in tables.items():
        marked = re.compile(rf"(?<=<!-- {name} -->\n).*(?=<!-- /{name} -->)", re.DOTALL)
        if not marked.search(text):
            raise DniError(f"Expected the marks of a table {name!r} in {card}, but there are none.")
        text = marked.sub(lambda _, table=table: table, text)  # type: ignore[misc]
    folder = view_folder(view)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report) + "\n", encoding="utf-8")
    card.write_text(text, encoding="utf-8")
