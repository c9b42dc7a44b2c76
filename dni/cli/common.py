"""Options that several commands share, and choosing the ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from dni.catalog.catalog_file import find_pair
from dni.catalog.download import tqdm_progress
from dni.catalog.pairs import Pair, end_paths
from dni.errors import DniError
from dni.rendering.control import Progress

__all__ = [
    "Alpha",
    "Ends",
    "Extrapolate",
    "PairName",
    "Shares",
    "choose_ends",
    "local_ends",
    "tile_progress",
]

Alpha = Annotated[
    float | None, typer.Option(help="Share of the second end, from 0 (first end) to 1 (second end).")
]
Shares = Annotated[
    str | None, typer.Option(help="For any number of ends: shares that sum to 1, as 0.2,0.3,0.5.")
]
PairName = Annotated[str | None, typer.Option("--pair", help="A pair of the catalogue; see 'dni pairs'.")]
Ends = Annotated[list[Path] | None, typer.Option("--ends", help="Two or more checkpoints: --ends A B ...")]
Extrapolate = Annotated[bool, typer.Option(help="Allow shares outside 0 to 1.")]


def choose_ends(pair: str | None, ends: Sequence[Path] | None) -> Pair:
    """A pair of the catalogue or of the given files; exactly one of the two must be given."""
    if (pair is None) == (not ends):
        raise DniError("Expected either --pair NAME or two or more checkpoints, but got both or neither.")
    return find_pair(pair) if pair is not None else Pair.from_paths(list(ends or ()))


def local_ends(pair: Pair) -> list[Path]:
    """The files of a pair, downloaded with a progress bar if need be."""
    return end_paths(pair, progress=tqdm_progress)


@contextmanager
def tile_progress() -> Iterator[Progress]:
    """A bar that appears with the first report, so that an error before it stands alone."""
    bar: tqdm | None = None

    def report(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, unit="tile")
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield report
    finally:
        if bar is not None:
            bar.close()
