"""Reads what ships of the Transfer tab's views: ``weights/transfer/<view>/``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from dni.catalog.bundled import weights_folder
from dni.checkpoints.files import read_state
from dni.errors import DniError

__all__ = ["read_report", "read_weights", "view_folder"]


def view_folder(view: str) -> Path:
    """Where the networks and the ``report.json`` of a view are; it may not exist yet."""
    return weights_folder() / "transfer" / view


def shipped_file(view: str, name: str) -> Path:
    path = view_folder(view) / name
    if not path.is_file():
        raise DniError(
            f"Expected {name} of the view {view!r} at {path}, but there is no such file. Make it with "
            "'python -m dni evaluate transfer', or set DNI_WEIGHTS to the folder of the weights."
        )
    return path


def read_weights(view: str, name: str) -> dict[str, Tensor]:
    """The tensors of ``<name>.safetensors``, in float32 where they are floating.

    Raises:
        DniError: The file is missing.
        CheckpointError: It is damaged.
    """
    state = read_state(shipped_file(view, f"{name}.safetensors"))
    return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in state.items()}


def read_report(view: str) -> dict[str, Any]:
    """What was measured of a view.

    Raises:
        DniError: ``report.json`` is missing or damaged.
    """
    path = shipped_file(view, "report.json")
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DniError(f"Expected JSON in {path}, but it cannot be read ({error}).") from error
    if not isinstance(report, dict):
        raise DniError(f"Expected an object in {path}, but got {type(report).__name__}.")
    return report
