"""What spoils the inputs of the end "clean": noise and JPEG, drawn by a seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from dni.training.restoration.data import degradations
from dni.training.restoration.data.degradations import add_noise, compress, degrade


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def grey(level: int, height: int = 64, width: int = 64) -> Tensor:
    return torch.full((3, height, width), level, dtype=torch.uint8)


def random_patch(seed: int = 0, height: int = 32, width: int = 24) -> Tensor:
    return torch.from_numpy(generator(seed).integers(0, 256, (3, height, width), dtype=np.uint8))


# Noise


def test_noise_has_the_deviation_that_is_asked_for() -> None:
    noise = add_noise(grey(128), 15, generator()).double() - 128
    assert noise.mean().item() == pytest.approx(0, abs=0.6)
    # Rounding adds a variance of 1/12.
    assert noise.std().item() == pytest.approx((15**2 + 1 / 12) ** 0.5, rel=0.03)
    channels = noise.flatten(1)
    assert torch.corrcoef(channels).triu(1).abs().max() < 0.06


def test_noise_is_clipped_and_rounded() -> None:
    for level, outside in ((0, "below"), (255, "above")):
        noisy = add_noise(grey(level), 20, generator())
        assert noisy.dtype == torch.uint8
        share = (noisy == level).double().mean().item()
        assert share == pytest.approx(0.51, abs=0.03), outside


def test_no_noise_leaves_the_picture() -> None:
    assert torch.equal(add_noise(random_patch(), 0, generator()), random_patch())


# JPEG


def test_jpeg_halves_the_resolution_of_colours_only() -> None:
    columns = torch.arange(32) % 2 == 0
    # Two colours of nearly one luma (BT.601), column by column: only their mean is left.
    red, blue = torch.tensor([150, 90, 100]), torch.tensor([80, 124, 110])
    stripes = torch.where(columns, red[:, None, None], blue[:, None, None]).expand(3, 32, 32)
    found = compress(stripes.to(torch.uint8), 95).float()
    assert (found[..., 0::2] - found[..., 1::2]).mean(dim=(1, 2)).abs().max() < 4
    bright = torch.where(columns, 150, 90).expand(3, 32, 32).to(torch.uint8)
    assert (compress(bright, 95).float() - bright).abs().max() < 4


def test_a_lower_quality_keeps_less() -> None:
    patch = random_patch()
    errors = [(compress(patch, quality).float() - patch).square().mean() for quality in (95, 60, 30)]
    assert errors == sorted(errors)
    assert compress(patch[:, :17, :19], 60).shape == (3, 17, 19)


# Both


def test_the_generator_decides_on_everything() -> None:
    patch = random_patch()
    before = patch.clone()
    assert torch.equal(degrade(patch, generator(5)), degrade(patch, generator(5)))
    assert torch.equal(patch, before)
    degraded = {degrade(patch, generator(seed)).numpy().tobytes() for seed in range(20)}
    assert len(degraded) == 20


def test_strengths_shares_and_places_of_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """With steps that only take notes, the patch comes back as it was, wherever the grid lies."""
    sigmas, sizes, qualities = [], [], []

    def note_noise(patch: Tensor, sigma: float, _: np.random.Generator) -> Tensor:
        sigmas.append(sigma)
        return patch

    def note_jpeg(patch: Tensor, quality: int) -> Tensor:
        qualities.append(quality)
        sizes.append(patch.shape[1:])
        return patch

    monkeypatch.setattr(degradations, "add_noise", note_noise)
    monkeypatch.setattr(degradations, "compress", note_jpeg)
    shared = generator()
    for seed in range(1000):
        patch = random_patch(seed % 7, 16, 16)
        assert torch.equal(degrade(patch, shared), patch)
    assert np.mean(sigmas) == pytest.approx(12.5, abs=0.8)
    assert (min(sigmas) >= 0, max(sigmas) <= 25) == (True, True)
    assert len(qualities) == pytest.approx(700, abs=50)
    assert (min(qualities), max(qualities)) == (30, 95)
    assert np.mean(qualities) == pytest.approx(62.5, abs=2.5)
    tops, lefts = ({int(size[axis]) - 16 for size in sizes} for axis in (0, 1))
    assert tops == lefts == set(range(16))
