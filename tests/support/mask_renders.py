"""What the tests of masks and of comparisons share: a tiny renderer and a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch.nn import functional

from dni.checkpoints.networks import load_ends
from dni.rendering.renderer import Renderer

CPU = torch.device("cpu")


def make_renderer(ends: Iterable[Path]) -> Renderer:
    network, states = load_ends(list(ends))
    return Renderer(network, states, device=CPU, precision="float32")


def make_picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """Smooth random colours: uint8 (3, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 3 + 2, width // 3 + 2, generator=generator)
    smooth = functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (smooth[0] * 255).round().to(torch.uint8)


def difference(one: torch.Tensor, other: torch.Tensor) -> int:
    """The largest, in 8-bit levels."""
    assert one.shape == other.shape
    return int((one.int() - other.int()).abs().max())
