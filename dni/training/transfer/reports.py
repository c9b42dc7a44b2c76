"""What the views' reports have in common: mean and deviation over seeds, and where they are written."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Any

import torch

from dni.transfer.files import view_folder
from dni.version import __version__

__all__ = ["over_seeds", "write_view_report"]


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, standard deviation (of the population) and the values themselves, to four digits.

    >>> over_seeds([0.5, 0.7])
    {'mean': 0.6, 'deviation': 0.1, 'values': [0.5, 0.7]}
    """
    return {
        "mean": round(fmean(values), 4),
        "deviation": round(pstdev(values), 4),
        "values": [round(value, 4) for value in values],
    }


def write_view_report(view: str, num_seeds: int, measured: dict[str, Any]) -> None:
    """Write ``weights/transfer/<view>/report.json``."""
    report = {
        "command": f"python -m dni evaluate transfer --view {view} --data-root DATA --run-root RUNS"
        f" --seeds {num_seeds}",
        "versions": {"dni": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "seeds": num_seeds,
        **measured,
    }
    folder = view_folder(view)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
