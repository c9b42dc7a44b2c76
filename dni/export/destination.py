"""Checks where a result is to be written, and names the ends in its recipe by their hashes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dni.checkpoints.files import sha256_of
from dni.errors import DniError

__all__ = []


def check_destination(destination: Path, suffix: str) -> None:
    """Raise before the work and not after it, where that can be known."""
    folder = destination.parent
    if destination.suffix.lower() != suffix:
        raise DniError(
            f"Expected a name that ends in {suffix}, but got {destination.name}: change the ending."
        )
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise DniError(
            f"Expected to write {destination}, but {folder} is no folder that you may write to: "
            "make it first, or choose another."
        )


def hashed(ends: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    return tuple((path.name, sha256_of(path)) for path in ends)
