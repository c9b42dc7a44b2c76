"""The estimated noise of pictures, against noise that was added."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.restoration import estimate_sigma

from dni.examples import EXAMPLE_FOLDER
from dni.metrics.noise import noise_sigma
from dni.pictures.read import open_picture


def noisy(sigma: float, base: float = 128.0) -> torch.Tensor:
    noise = np.random.default_rng(1).normal(base, sigma, (3, 200, 180))
    return torch.from_numpy(noise.round().clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("sigma", [5, 15, 25, 50])
def test_noise_on_a_flat_picture(sigma: float) -> None:
    assert noise_sigma(noisy(sigma)) == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize("sigma", [15, 25, 35, 50])
def test_noise_on_a_photograph(sigma: int) -> None:
    picture = open_picture(EXAMPLE_FOLDER / f"grain-{sigma}.png").rgb
    assert noise_sigma(picture) == pytest.approx(sigma, rel=0.15)
    wavelets = estimate_sigma(picture.numpy(), channel_axis=0, average_sigmas=True)
    assert noise_sigma(picture) == pytest.approx(wavelets, rel=0.15)


def test_a_clean_photograph_has_next_to_none() -> None:
    assert noise_sigma(open_picture(EXAMPLE_FOLDER / "portrait.jpg").rgb) < 3


def test_what_is_cut_off_does_not_count() -> None:
    """Half of the picture is white, where noise cannot be seen."""
    picture = noisy(20)
    picture[:, :, :90] = 255
    assert noise_sigma(picture) == pytest.approx(20, rel=0.07)
    assert noise_sigma(torch.zeros(3, 8, 8, dtype=torch.uint8)) == 0


def test_a_line_of_pixels_says_nothing() -> None:
    assert noise_sigma(torch.full((3, 1, 40), 100, dtype=torch.uint8)) == 0


def test_the_middle_of_a_large_picture_counts() -> None:
    picture = torch.zeros(3, 2100, 2100, dtype=torch.uint8)
    picture[:, 26:-26, 26:-26] = 100
    picture[:, :26] = torch.randint(50, 150, (3, 26, 2100), dtype=torch.uint8)
    assert noise_sigma(picture) == 0
