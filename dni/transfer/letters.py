"""Omniglot's letters (Lake et al., Science 2015; MIT licence), split by alphabet.

The two small background sets share Greek and Latin. We train on all of ``small1`` and test on the alphabets
of ``small2`` that it lacks: Japanese (katakana), Sanskrit and Tagalog.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dni.errors import DniError

__all__ = ["DRAWINGS", "Letters", "load_letters"]

SIDE = 28
# Of every letter, by as many people.
DRAWINGS = 20
FILES = {"train": "images_background_small1.zip", "test": "images_background_small2.zip"}

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Letters:
    """``images``: uint8 (C, 20, 28, 28), ink on 0, a row a letter, drawings in the order of the people who
    drew them; ``alphabets``: each letter's alphabet."""

    images: Tensor
    alphabets: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.alphabets)


def load_letters(data_root: Path, split: Split) -> Letters:
    """The letters of a split, reduced from 105x105 to 28x28 pixels by area.

    Raises:
        DniError: An archive is missing or damaged.
    """
    letters = read_archive(data_root / "omniglot" / FILES[split])
    if split == "train":
        return letters
    known = set(read_archive(data_root / "omniglot" / FILES["train"]).alphabets)
    return subset(letters, [name not in known for name in letters.alphabets])


def subset(letters: Letters, kept: Sequence[bool]) -> Letters:
    alphabets = tuple(name for name, keep in zip(letters.alphabets, kept, strict=True) if keep)
    return Letters(letters.images[torch.tensor(kept)], alphabets)


def read_archive(path: Path) -> Letters:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".png"))
            images = np.stack([reduced(archive.read(name)) for name in names])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DniError(
            f"Expected Omniglot's letters in {path}, but they are not there or not readable ({error}). "
            "Download them from github.com/brendenlake/omniglot, or name another folder with --data-root."
        ) from error
    alphabets = tuple(name.split("/")[1] for name in names[::DRAWINGS])
    return Letters(torch.from_numpy(images).view(-1, DRAWINGS, SIDE, SIDE), alphabets)


def reduced(png: bytes) -> np.ndarray:
    """Black ink on white, 105x105, to bright ink on 0, uint8 (28, 28)."""
    with Image.open(io.BytesIO(png)) as picture:
        ink = Image.fromarray(255 - np.asarray(picture.convert("L")))
    return np.asarray(ink.resize((SIDE, SIDE), Image.Resampling.BOX))
