"""MNIST as the Transfer tab's trainings read it: grey digits in memory."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dni.digits.data.domains import Split, load_mnist

__all__ = ["GreyDigits", "load_grey"]


@dataclass(frozen=True)
class GreyDigits:
    """``images``: float32 (N, 1, 28, 28) in [0, 1]; ``labels``: int64 (N,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, index: Tensor | slice) -> GreyDigits:
        return GreyDigits(self.images[index], self.labels[index])

    def of_classes(self, classes: Sequence[int]) -> GreyDigits:
        """The digits of some classes, which are numbered from 0 in the given order."""
        own = self.subset(torch.isin(self.labels, torch.tensor(classes)))
        numbers = torch.full((10,), -1)
        numbers[list(classes)] = torch.arange(len(classes))
        return GreyDigits(own.images, numbers[own.labels])

    def few(self, per_class: int, seed: int) -> GreyDigits:
        """``per_class`` random digits of every class."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        labels = self.labels[order]
        rows = [order[labels == label][:per_class] for label in torch.unique(self.labels).tolist()]
        return self.subset(torch.cat(rows))


@functools.cache
def load_grey(data_root: Path, split: Split) -> GreyDigits:
    """MNIST's digits, read once and then shared; raises DniError where they are absent."""
    digits = load_mnist(data_root, split)
    return GreyDigits(digits.images[:, :1].float() / 255, digits.labels)
