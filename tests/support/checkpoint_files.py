"""Weights for the tests of their files."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor


def tensors(seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3, generator=generator),
        "conv.bias": torch.randn(4, generator=generator),
        "steps": torch.tensor(7),
    }


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype
        assert torch.equal(a[name], b[name]), name


def write_pickle(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path
