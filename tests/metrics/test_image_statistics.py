"""Brightness, contrast, texture and distance of pictures that have them by construction."""

from __future__ import annotations

import math

import pytest
import torch
from cases import case
from torch import Tensor

from dni.metrics.distortion import luma, psnr_y
from dni.metrics.image_statistics import decibels, distance, image_statistics


def grey(values: Tensor) -> Tensor:
    return values.to(torch.uint8).expand(3, *values.shape[-2:])


def noise(seed: int) -> Tensor:
    return torch.randint(0, 256, (3, 32, 40), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def test_a_flat_picture() -> None:
    for level in [0, 51, 255]:
        with case(level):
            look = image_statistics(grey(torch.full((16, 20), level)))
            assert look.brightness == pytest.approx(level / 255, abs=1e-5)
            assert look.contrast == pytest.approx(0, abs=1e-5)


def test_no_energy_is_no_texture() -> None:
    assert image_statistics(grey(torch.zeros(16, 16))).texture == 0


def test_a_checkerboard_is_all_texture_and_a_slow_wave_is_none() -> None:
    row, column = torch.arange(32)[:, None], torch.arange(32)
    board = image_statistics(grey((row + column) % 2 * 255))
    assert board.brightness == pytest.approx(0.5, abs=1e-4)
    assert board.contrast == pytest.approx(0.5, abs=1e-4)
    assert board.texture > 0.95
    wave = image_statistics(grey(128 + 100 * torch.sin(2 * math.pi * column / 16).expand(32, 32)))
    assert wave.texture < 0.01
    assert wave.contrast == pytest.approx(100 / 255 / 2**0.5, abs=2e-3)


def test_distance_is_that_of_psnr() -> None:
    one, other = (luma(noise(seed)[None] / 255) for seed in (0, 1))
    expected = psnr_y(noise(0)[None] / 255, noise(1)[None] / 255, border=0)
    assert decibels(distance(one, other)) == pytest.approx(expected, abs=1e-4)
    assert decibels(distance(one, one)) is None
