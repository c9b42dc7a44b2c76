"""A small data root in the layout of the real one: handwriting in MNIST's files, and photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

from dni.digits.data.domains import Digits, in_colour
from dni.pictures.photographs import SPLITS

NUM_TRAIN, NUM_TEST = 200, 80
FILES = {"train": "train", "test": "t10k"}


def digit_source(start: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 8 x 8 digits, enlarged to uint8 (count, 28, 28), and their labels."""
    digits = load_digits()
    large = np.kron(digits.images[start : start + count], np.ones((1, 3, 3))) * 255 / 16
    pixels = np.pad(large.round().astype(np.uint8), ((0, 0), (2, 2), (2, 2)))
    return pixels, digits.target[start : start + count].astype(np.uint8)


def some_digits(start: int, count: int) -> Digits:
    images, labels = digit_source(start, count)
    return Digits(in_colour(torch.from_numpy(images)), torch.from_numpy(labels).long())


def write_idx(path: Path, array: np.ndarray) -> None:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def write_mnist(root: Path, split: str, start: int, count: int) -> None:
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = digit_source(start, count)
    write_idx(folder / f"{FILES[split]}-images-idx3-ubyte", images)
    write_idx(folder / f"{FILES[split]}-labels-idx1-ubyte", labels)


def photograph(seed: int, width: int = 48, height: int = 40) -> Image.Image:
    """Smooth random colours."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def write_photographs(root: Path, split: str, seeds: range) -> None:
    folder = root / "bsds500" / split
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        photograph(seed).save(folder / f"{seed}.png")


def write_data_root(root: Path) -> Path:
    """Everything that training and the report need."""
    write_mnist(root, "train", 0, NUM_TRAIN)
    write_mnist(root, "test", NUM_TRAIN, NUM_TEST)
    write_photographs(root, "train", range(SPLITS["train"]))
    write_photographs(root, "test", range(SPLITS["train"], SPLITS["train"] + SPLITS["test"]))
    return root
