"""What the benchmarks share: a description of the machine, and a table that is printed and saved."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

import torch

__all__ = ["cpu_name", "median", "p95", "save_table"]


def cpu_name() -> str:
    """The processor's name as Linux gives it, else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def machine() -> str:
    """One line about the machine and the versions."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{cpu_name()}, {os.cpu_count()} cores, {gpu}; {versions}"


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return quantiles(values, n=20, method="inclusive")[-1]


def save_table(
    name: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], note: str
) -> None:
    """Print a Markdown table and save it as ``benchmarks/<name>.md``."""
    command = " ".join(["python -m", f"benchmarks.{name}", *sys.argv[1:]])
    lines = [f"# {title}", "", f"`{command}`", "", machine(), ""]
    lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    text = "\n".join([*lines, "", note, ""])
    print(text)
    (Path(__file__).parent / f"{name}.md").write_text(text)
