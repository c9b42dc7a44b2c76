"""Grey digits to learn from few labels: MNIST, and USPS in the same form."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dni.digits.data.domains import SIDE, Split
from dni.errors import DniError
from dni.training.transfer.digit_data import GreyDigits, load_grey

__all__ = ["centre", "few_labels", "load_source", "with_noise"]

USPS_SIDE = 16
# MNIST's digits fill a box of this size.
BOX = 20


def load_source(data_root: Path, source: str, split: Split) -> GreyDigits:
    """The digits of "mnist" or "usps".

    Raises:
        DniError: The data are not there.
    """
    return (
        load_grey(data_root, split)
        if source == "mnist"
        else load_usps(data_root / "usps" / f"zip.{split}.gz")
    )


def load_usps(path: Path) -> GreyDigits:
    """One line a digit: its label, and 16x16 values in [-1, 1]; enlarged and placed as in MNIST."""
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            rows = np.loadtxt(lines, dtype=np.float32)
    except (OSError, ValueError) as error:
        raise DniError(
            f"Expected USPS digits in zip-code format at {path}, but they cannot be read ({error})."
        ) from error
    ink = (torch.from_numpy(rows[:, 1:]).view(-1, 1, USPS_SIDE, USPS_SIDE) + 1) / 2
    ink = functional.interpolate(ink, size=(BOX, BOX), mode="bilinear")[:, 0].clamp(0, 1)
    return GreyDigits(centre(ink)[:, None], torch.from_numpy(rows[:, 0]).long())


def centre(ink: Tensor) -> Tensor:
    """Place boxes (N, 20, 20) so that their centre of mass is that of the field (N, 28, 28), as MNIST does,
    or as near as the box stays inside."""
    at = torch.arange(BOX) + 0.5
    mass = ink.sum(dim=(1, 2)).clamp_min(1e-6)
    rows, columns = (ink.sum(dim=axis) @ at / mass for axis in (2, 1))  # (N,) each
    top, left = ((SIDE / 2 - c).round().long().clamp(0, SIDE - BOX) for c in (rows, columns))
    inside = torch.arange(BOX)
    field = ink.new_zeros(len(ink), SIDE, SIDE)
    field[
        torch.arange(len(ink))[:, None, None],
        (top[:, None] + inside)[:, :, None],
        (left[:, None] + inside)[:, None, :],
    ] = ink
    return field


def few_labels(labels: Tensor, count: int, seed: int) -> Tensor:
    """Indices of ``count`` digits of each class, drawn at random: int64 (10 * count,).

    Raises:
        DniError: A class has fewer.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for digit in range(10):
        own = (labels == digit).nonzero()[:, 0]
        if len(own) < count:
            raise DniError(f"Expected at least {count} digits of every class, but {digit} has {len(own)}.")
        chosen.append(own[torch.randperm(len(own), generator=generator)[:count]])
    return torch.cat(chosen)


def with_noise(images: Tensor, sigma: float, *, seed: int) -> Tensor:
    """Gaussian noise on ink in [0, 1], clamped."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
    return (images + sigma * noise).clamp(0, 1)
