"""Seeded methods of adaptation, and a batch for them."""

from __future__ import annotations

import torch
from digit_files import some_digits

from dni.training.adaptation.methods import METHOD_CLASSES, Method
from dni.training.adaptation.methods.base import Batch
from models.digits import DigitNetwork

HALF = 12


def network(seed: int = 0) -> DigitNetwork:
    torch.manual_seed(seed)
    return DigitNetwork()


def make(name: str, seed: int = 0) -> Method:
    method = METHOD_CLASSES[name](network(seed))
    method.generator.manual_seed(seed)
    return method


def batch(*, target_labels: bool = False) -> Batch:
    source, target = some_digits(0, HALF), some_digits(50, HALF)
    noise = torch.rand(HALF, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    return Batch(
        source.images / 255,
        source.labels,
        (target.images / 255 - noise).abs(),
        target.labels if target_labels else None,
    )
