"""Locates the weights that ship with the project."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["WEIGHTS_VARIABLE", "weights_folder"]

WEIGHTS_VARIABLE = "DNI_WEIGHTS"


def weights_folder() -> Path:
    """``$DNI_WEIGHTS``; else ``weights`` in the package, as in a wheel, or beside it, as in a checkout."""
    if chosen := os.environ.get(WEIGHTS_VARIABLE):
        return Path(chosen)
    package = Path(__file__).parents[1]
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"
