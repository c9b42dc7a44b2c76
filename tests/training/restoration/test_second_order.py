"""Second-order degradations: the filters against their formulas, and what comes out of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from dni.training.restoration.data.second_order import blur_kernel, degrade_twice, filtered, sinc_kernel


def photograph(height: int = 96, width: int = 64) -> Tensor:
    coarse = np.random.default_rng(1).normal(size=(3, height, width))
    smooth = np.stack([gaussian_filter(channel, 4) for channel in coarse])
    return torch.from_numpy((128 + smooth * 600).clip(0, 255).astype(np.uint8))


def test_a_round_blur_is_the_gaussian_of_scipy() -> None:
    picture = photograph().float()
    expected = np.stack(
        [gaussian_filter(channel, 1.5, mode="mirror", truncate=7 / 1.5) for channel in picture]
    )
    torch.testing.assert_close(
        filtered(picture, blur_kernel(1.5, 1.5, 0.3)), torch.from_numpy(expected), atol=0.02, rtol=0
    )


def test_an_oblong_blur_has_its_moments() -> None:
    kernel, angle = blur_kernel(2.0, 0.8, math.pi / 6).double(), math.pi / 6
    axis = torch.arange(15, dtype=torch.float64) - 7
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    along = x * math.cos(angle) + y * math.sin(angle)
    assert (kernel * along**2).sum().item() == pytest.approx(4.0, rel=0.02)
    assert (kernel * (x**2 + y**2)).sum().item() == pytest.approx(4.0 + 0.64, rel=0.02)


def test_the_sharp_filter_keeps_low_frequencies_stops_high_ones_and_rings() -> None:
    response = torch.fft.rfft2(sinc_kernel(math.pi / 2), (64, 64)).abs()
    assert response[0, 0].item() == pytest.approx(1, abs=1e-5)
    assert response[0, 6].item() == pytest.approx(1, abs=0.15)
    assert response[0, 26:].max() < 0.15
    step = torch.zeros(3, 32, 32)
    step[..., 16:] = 200
    assert filtered(step, sinc_kernel(math.pi / 2)).max() > 208


def test_everything_is_drawn_from_the_generator() -> None:
    whole = photograph()
    first, again, other = (degrade_twice(whole, (24, 16), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first.shape, first.dtype) == ((3, 24, 16), torch.uint8)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_degraded_photograph_is_still_that_photograph() -> None:
    """No shift, no change of colour or brightness: on average it is the photograph reduced."""
    whole = photograph(128, 128)
    reduced = torch.nn.functional.avg_pool2d(whole.float(), 4)
    mean = torch.stack(
        [degrade_twice(whole, (32, 32), np.random.default_rng(seed)).float() for seed in range(60)]
    ).mean(dim=0)
    inner = (slice(None), slice(3, -3), slice(3, -3))
    assert (mean - reduced).mean(dim=(1, 2)).abs().max() < 2
    best = min(
        ((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)),
        key=lambda at: (mean.roll(at, (1, 2)) - reduced)[inner].square().mean(),
    )
    assert best == (0, 0)
