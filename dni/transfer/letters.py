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
from PIL import Image, ImageFilter
from torch import Tensor

from dni.errors import DniError

__all__ = ["DRAWINGS", "Letters", "load_letters"]

SIDE = 28
# Of the box that a letter fills, as in MNIST.
BOX = 20
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
    """The letters of a split, in the form of MNIST's digits.

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
    """Black ink on white, 105x105, to bright ink on 0, uint8 (28, 28), placed as MNIST places its digits.

    The pen is widened by two pixels first: it is a third as wide as that of MNIST, or of the drawing pad.
    """
    with Image.open(io.BytesIO(png)) as picture:
        ink = Image.fromarray(255 - np.asarray(picture.convert("L"))).filter(ImageFilter.MaxFilter(3))
    cut = ink.crop(ink.getbbox() or (0, 0, SIDE, SIDE))
    scale = BOX / max(cut.size)
    width, height = (max(1, round(side * scale)) for side in cut.size)
    box = np.asarray(cut.resize((width, height), Image.Resampling.BOX))
    mass = max(1, int(box.sum()))
    left = placed(float(box.sum(axis=0) @ (np.arange(width) + 0.5)) / mass, width)
    top = placed(float(box.sum(axis=1) @ (np.arange(height) + 0.5)) / mass, height)
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[top : top + height, left : left + width] = box
    return field


def placed(middle: float, length: int) -> int:
    """Where a box begins so that its centre of mass is in the middle of the field, as far as it fits."""
    return int(np.clip(round(SIDE / 2 - middle), 0, SIDE - length))
