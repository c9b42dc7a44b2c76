"""Reads what ships of the Transfer tab's views: ``weights/transfer/<view>/``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from dni.catalog.bundled import weights_folder
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_state
from dni.errors import DniError, in_words, listed

__all__ = ["Shapes", "read_report", "read_weights", "shapes_of", "view_folder"]

Shapes = Mapping[str, Sequence[int]]
"""Of each tensor of a file, by name."""

# What the page shows of each view's report.
REPORTED = {
    "teacher": ("seeds", "teacher", "all", "curves", "blends"),
    "depth": ("seeds", "counts", "layers"),
    "unlabelled": ("seeds", "draws", "test", "noise", "table"),
    "letters": ("seeds", "pixels", "ends", "curves"),
    "words": ("seeds", "words", "questions", "counted", "ancestor", "curve"),
}
REMEDY = "Make it with 'python -m dni evaluate transfer', or set DNI_WEIGHTS to the folder of the weights."


def view_folder(view: str) -> Path:
    """Where the networks and the ``report.json`` of a view are; it may not exist yet."""
    return weights_folder() / "transfer" / view


def shipped_file(view: str, name: str) -> Path:
    path = view_folder(view) / name
    if not path.is_file():
        raise DniError(f"Expected {name} of the view {view!r} at {path}, but there is no such file. {REMEDY}")
    return path


def shapes_of(network: nn.Module) -> Shapes:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def read_weights(view: str, name: str, shapes: Shapes | None = None) -> dict[str, Tensor]:
    """The tensors of ``<name>.safetensors``, in float32 where they are floating.

    Args:
        view: See :func:`view_folder`.
        name: Of the file.
        shapes: What the file has to hold; None where its reader checks that.

    Raises:
        DniError: The file is missing.
        CheckpointError: It is damaged, or holds others.
    """
    path = shipped_file(view, f"{name}.safetensors")
    state = read_state(path)
    if shapes is not None:
        check_shapes(path, {key: tuple(tensor.shape) for key, tensor in state.items()}, shapes)
    return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in state.items()}


def check_shapes(path: Path, found: Shapes, expected: Shapes) -> None:
    wanted = {name: tuple(shape) for name, shape in expected.items()}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        raise CheckpointError(
            f"Expected {path} to hold {in_words(name, most=80)} as {wanted.get(name)}, but got "
            f"{found.get(name)}: it is another file ({len(wrong)} tensors differ). {REMEDY}"
        )


def read_report(view: str) -> dict[str, Any]:
    """What was measured of a view.

    Raises:
        DniError: ``report.json`` is missing, damaged, or another view's.
    """
    path = shipped_file(view, "report.json")
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DniError(f"Expected JSON in {path}, but it cannot be read ({error}).") from error
    if not isinstance(report, dict):
        raise DniError(f"Expected an object in {path}, but got {type(report).__name__}.")
    missing = [name for name in REPORTED[view] if name not in report]
    if missing:
        raise DniError(f"Expected {listed(missing)} in {path}, but it has none. {REMEDY}")
    return report
