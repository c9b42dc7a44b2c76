"""The digit domains: MNIST, MNIST-M, inverted MNIST, and digits over any photograph.

MNIST-M as Ganin et al. (JMLR 2016, section 5.2.4) define it: ``|patch - digit|`` in each colour channel, with
a random patch of a random BSDS500 photograph for every digit. Digits of train and test get photographs of
BSDS500's train and test. A domain is a uint8 array, RGB, and its labels; the network normalises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dni.errors import DniError
from dni.pictures.photographs import SPLITS, load_photographs

__all__ = [
    "SIDE",
    "Digits",
    "build_mnist_m",
    "digest",
    "in_colour",
    "invert",
    "load_mnist",
    "load_mnist_m",
    "put_over",
]

SIDE = 28
# Of the patches of MNIST-M; fixed, so that everybody measures on the same digits.
PATCH_SEEDS = {"train": 0, "test": 1}

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Digits:
    """``images``: uint8 (N, 3, 28, 28), RGB; ``labels``: int64 (N,), 0 to 9."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, index: Tensor | slice) -> Digits:
        return Digits(self.images[index], self.labels[index])


def load_mnist(data_root: Path, split: Split, *, download: bool = False) -> Digits:
    """MNIST in grey RGB; (60000 or 10000, 3, 28, 28).

    Args:
        data_root: The folder that holds (or gets) ``MNIST/raw``.
        split: "train" or "test".
        download: Fetch it through torchvision if it is not there.

    Raises:
        DniError: It is not there (and was not to be, or could not be, fetched).
    """
    from torchvision.datasets import MNIST  # slow to import, and only who trains or measures needs it

    try:
        dataset = MNIST(str(data_root), train=split == "train", download=download)
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        raise DniError(
            f"Expected MNIST in {Path(data_root) / 'MNIST' / 'raw'}, but it is not there or not readable "
            f"({error}). Give --data-root, or connect to the network once to fetch it."
        ) from error
    return Digits(in_colour(dataset.data), dataset.targets.long())


def in_colour(grey: Tensor) -> Tensor:
    """uint8 (N, 28, 28) to (N, 3, 28, 28)."""
    return grey[:, None].expand(-1, 3, -1, -1).contiguous()


def load_mnist_m(data_root: Path, split: Split) -> Digits:
    """MNIST-M, built from ``MNIST/raw`` and ``bsds500/<split>`` under ``data_root``.

    Raises:
        DniError: MNIST is not there, or not all of BSDS500's photographs are: fewer make another MNIST-M.
    """
    digits, folder = load_mnist(data_root, split), data_root / "bsds500" / split
    photographs = [np.asarray(image) for image in load_photographs([folder])]
    if len(photographs) != SPLITS[split]:
        raise DniError(
            f"Expected the {SPLITS[split]} photographs of BSDS500 in {folder}, but found {len(photographs)}. "
            f"Delete {folder.parent}, and 'python -m dni train digits' fetches them again."
        )
    return Digits(build_mnist_m(digits.images, photographs, seed=PATCH_SEEDS[split]), digits.labels)


def build_mnist_m(digits: Tensor, photographs: Sequence[np.ndarray], *, seed: int) -> Tensor:
    """``|patch - digit|`` per colour channel, with a random patch of a random photograph for every digit.

    Args:
        digits: uint8 (N, 3, 28, 28).
        photographs: uint8 (H, W, 3) arrays of at least 28 x 28 pixels.
        seed: Of the choice of patches.

    Returns:
        uint8 (N, 3, 28, 28).
    """
    generator = np.random.default_rng(seed)
    patches = torch.from_numpy(np.stack([random_patch(photographs, generator) for _ in range(len(digits))]))
    return put_over(digits, patches.permute(0, 3, 1, 2))


def random_patch(photographs: Sequence[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    photograph = photographs[int(generator.integers(len(photographs)))]
    height, width = photograph.shape[:2]
    if min(height, width) < SIDE:
        raise DniError(
            f"Expected photographs of at least {SIDE} x {SIDE} pixels, but got {width} x {height}."
        )
    top = int(generator.integers(height - SIDE + 1))
    left = int(generator.integers(width - SIDE + 1))
    patch: np.ndarray = photograph[top : top + SIDE, left : left + SIDE]
    return patch


def put_over(digits: Tensor, patches: Tensor, *, strength: float = 1.0) -> Tensor:
    """``|strength * patch - digit|``: uint8 (N, 3, 28, 28) digits and (N or 1, 3, 28, 28) patches.

    ``strength`` fades the patches in, from 0 (the digits as they are) to 1 (as in MNIST-M).
    """
    faded = (patches.float() * strength).round().to(torch.int16)
    return (faded - digits.to(torch.int16)).abs().to(torch.uint8)


def invert(images: Tensor) -> Tensor:
    """Dark digits on white: uint8 to uint8."""
    return 255 - images


def cut_patches(picture: Image.Image, count: int, *, seed: int) -> Tensor:
    """Random patches of one RGB picture, uint8 (count, 3, 28, 28); a small picture is enlarged to fit."""
    scale = SIDE / min(picture.size)
    if scale > 1:
        picture = picture.resize(
            (max(SIDE, round(picture.width * scale)), max(SIDE, round(picture.height * scale)))
        )
    generator, pixels = np.random.default_rng(seed), [np.asarray(picture.convert("RGB"))]
    patches = np.stack([random_patch(pixels, generator) for _ in range(count)])
    return torch.from_numpy(patches).permute(0, 3, 1, 2).contiguous()


def digest(digits: Digits) -> str:
    """sha256 of the images' bytes, then the labels', for the report."""
    state = hashlib.sha256(digits.images.contiguous().numpy().tobytes())
    state.update(digits.labels.contiguous().numpy().tobytes())
    return state.hexdigest()
