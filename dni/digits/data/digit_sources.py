"""Sources of test digits (MNIST's, which ship) and of the photographs behind MNIST-M."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dni.catalog.cache_folder import default_cache
from dni.digits.data.domains import Digits, in_colour, load_mnist
from dni.errors import DniError
from dni.pictures.photographs import load_photographs

__all__ = [
    "DigitSource",
    "Photographs",
    "bundled_mnist",
    "default_data_root",
    "find_digit_source",
    "find_photographs",
]

DATA_VARIABLE = "DNI_DATA"
BUNDLED = Path(__file__).parent / "mnist"


@dataclass(frozen=True)
class DigitSource:
    """Grey digits, where they come from (a text to show), and whether that is MNIST."""

    digits: Digits
    title: str
    is_mnist: bool


@dataclass(frozen=True)
class Photographs:
    """uint8 (H, W, 3) arrays, and where they come from (a text to show)."""

    pixels: tuple[np.ndarray, ...]
    title: str


def default_data_root() -> Path:
    """``$DNI_DATA``, or ``data`` in the folder for downloads."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen).expanduser() if chosen else default_cache() / "data"


def find_digit_source(data_root: Path | None = None) -> DigitSource:
    """MNIST's test digits: those under ``data_root`` (or the default one) if there, else those that ship."""
    return DigitSource(
        read_mnist(data_root or default_data_root()) or bundled_mnist(), "MNIST's test digits", is_mnist=True
    )


def read_mnist(data_root: Path) -> Digits | None:
    """MNIST's test digits, or None if they are not all there."""
    try:
        return load_mnist(data_root, "test")
    except Exception:  # a damaged file makes torchvision raise almost anything
        return None


def bundled_mnist() -> Digits:
    """The 10,000 test digits that ship in ``dni/digits/data/mnist``, whose README tells their licence."""
    images, labels = (read_idx(BUNDLED / f"t10k-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1"))
    return Digits(in_colour(images), labels.long())


def read_idx(path: Path) -> Tensor:
    """A compressed file in MNIST's format (IDX, unsigned bytes): uint8, of the shape that its head tells."""
    content = gzip.decompress(path.read_bytes())
    dimensions = content[3]
    shape = np.frombuffer(content, ">i4", count=dimensions, offset=4).tolist()
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    return torch.from_numpy(values.reshape(shape).copy())


def find_photographs(examples: Path, data_root: Path | None = None) -> Photographs:
    """BSDS500's test photographs under ``data_root``, or else the pictures in the folder ``examples``.

    Raises:
        FileNotFoundError: ``examples`` is needed and holds none.
    """
    folder = (data_root or default_data_root()) / "bsds500" / "test"
    try:
        return Photographs(read_pixels(folder), "BSDS500's test photographs")
    except (OSError, DniError):  # absent, or damaged
        title = "this app's pictures (BSDS500 is not here)"
        return Photographs(read_pixels(examples), title)


def read_pixels(folder: Path) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(photograph) for photograph in load_photographs([folder]))
