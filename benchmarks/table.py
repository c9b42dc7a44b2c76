"""What the benchmarks share: a table that is printed and saved, with the machine it was measured on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from dni.benchmarking import describe_machine

__all__ = ["median", "p95", "save_table"]


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return quantiles(values, n=20, method="inclusive")[-1]


def save_table(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    note: str,
    *,
    folder: Path = Path(__file__).parent,
) -> None:
    """Print a Markdown table and save it as ``<name>.md``, by default in ``benchmarks``."""
    command = " ".join(["python -m", f"benchmarks.{name}", *sys.argv[1:]])
    lines = [f"# {title}", "", f"`{command}`", "", describe_machine(), ""]
    lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    text = "\n".join([*lines, "", note, ""])
    print(text)
    (folder / f"{name}.md").write_text(text)
