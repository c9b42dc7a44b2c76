"""Reads the state that a run was interrupted in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from dni.errors import DniError, shown

__all__ = ["read_run_state"]


def read_run_state(file: Path, *, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What a training wrote to go on from, its tensors on a device.

    Raises:
        DniError: The file is damaged, or holds something else.
    """
    try:
        state = torch.load(file, weights_only=True, map_location=device)
    except Exception as error:  # whatever damage makes the parser raise
        raise DniError(
            f"Expected the state of an interrupted run in {file}, but it cannot be read "
            f"({type(error).__name__}). Delete it to begin this run anew."
        ) from error
    if not isinstance(state, dict):
        raise DniError(
            f"Expected the state of an interrupted run in {file}, but got {shown(state, most=40)}. "
            "Delete it to begin this run anew."
        )
    return state
