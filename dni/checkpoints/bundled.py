"""Where the weights that we ship are."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["WEIGHTS_VARIABLE", "weights_folder"]

WEIGHTS_VARIABLE = "DNI_WEIGHTS"


def weights_folder() -> Path:
    """``$DNI_WEIGHTS``, or ``weights`` beside the package."""
    return Path(os.environ.get(WEIGHTS_VARIABLE) or Path(__file__).parents[2] / "weights")
