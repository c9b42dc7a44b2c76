"""``dni bench``: how fast the engine is on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from tqdm import tqdm

from dni.benchmarking import describe_machine, quick_rows, text_table

__all__ = ["bench"]


def bench(
    pair: Annotated[str, typer.Option(help="A pair of the catalogue; see 'dni pairs'.")] = "esrgan-lite-x4",
    rounds: Annotated[int, typer.Option(min=2, help="How often to time each thing.")] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")] = False,
) -> None:
    """Measure the engine on this machine: frames, new alphas, and what the hardware could do.

    Takes less than a minute. Close other programs first: they change the numbers.
    """
    rows = list(tqdm(quick_rows(pair, rounds=rounds), unit="line", leave=False))
    if as_json:
        lines = [{**asdict(row), "reached": row.reached} for row in rows]
        typer.echo(json.dumps({"machine": describe_machine(), "rows": lines}, indent=2))
        return
    typer.echo(f"{describe_machine()}\n\n{text_table(rows)}")
