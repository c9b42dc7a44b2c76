"""The formats that a network can be exported to, and what each needs to be installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import torch

from dni.errors import DniError

__all__ = ["ExportOptions", "Format", "Layout", "Precision", "require_packages"]

EXTRA = "pip install 'dni[export]'"


class Format(str, Enum):
    """What ``--format`` may be."""

    PTH = "pth"
    ONNX = "onnx"
    ONNX_LIVE = "onnx-live"
    NCNN = "ncnn"

    @property
    def suffix(self) -> str:
        """What the file's name ends in; ncnn's ``.param`` has a ``.bin`` beside it."""
        return {"pth": ".pth", "ncnn": ".param"}.get(self.value, ".onnx")

    def companions(self, destination: Path) -> list[Path]:
        """Where the files beside a file go: ncnn's numbers and recipe."""
        endings = (".bin", ".json") if self is Format.NCNN else ()
        return [destination.with_suffix(ending) for ending in endings]

    @property
    def packages(self) -> tuple[str, ...]:
        """What must be installed for it, beyond a plain install."""
        if self is Format.PTH:
            return ()
        return ("pnnx", "ncnn") if self is Format.NCNN else ("onnx", "onnxscript", "onnxruntime")

    @classmethod
    def of(cls, destination: Path) -> Format:
        """The format that a file's name says; ``.onnx`` is a fixed blend.

        Raises:
            DniError: It says none.
        """
        for kind in cls:
            if destination.suffix.lower() == kind.suffix:
                return kind
        known = ", ".join(dict.fromkeys(kind.suffix for kind in cls))
        raise DniError(
            f"Expected a name that ends in one of {known}, but got {destination.name}: change the ending. "
            "For .safetensors there is 'dni blend'."
        )


class Layout(str, Enum):
    """How a ``.pth`` file holds the weights."""

    PARAMS_EMA = "params_ema"
    PARAMS = "params"
    BARE = "bare"


class Precision(str, Enum):
    """Of the numbers in the file."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"

    @property
    def dtype(self) -> torch.dtype:
        return torch.float16 if self is Precision.FLOAT16 else torch.float32


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How to export.

    Attributes:
        layout: Of a ``.pth`` file; None for ``params``.
        precision: Of the numbers in the file.
        size: (width, height) if an ONNX file is for pictures of one size only.
        pair_id: The pair's id in the catalogue, or "".
        statistics: Pictures on which to measure the statistics of batch norms.
    """

    layout: Layout | None = None
    precision: Precision = Precision.FLOAT32
    size: tuple[int, int] | None = None
    pair_id: str = ""
    statistics: Sequence[Path] = ()

    @property
    def dtype(self) -> torch.dtype:
        return self.precision.dtype


def require_packages(kind: Format) -> None:
    """Raise where what a format needs is not installed.

    Raises:
        DniError: Naming the packages, and how to get them.
    """
    missing = [name for name in kind.packages if importlib.util.find_spec(name) is None]
    if missing:
        raise DniError(
            f"Expected {' and '.join(missing)} for the format {kind.value}, but not all of it is installed. "
            f"Run: {EXTRA}"
        )
