"""Pairs of local files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dni.catalog.pairs import End, Pair, Source


def make_pair(pair_id: str, paths: Iterable[Path]) -> Pair:
    """A pair of local files, labelled by their names."""
    return Pair(pair_id, pair_id, tuple(End(path.stem, Source(path=path)) for path in paths))
