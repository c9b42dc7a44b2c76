"""The relativistic losses against their formula in NumPy, and the losses on spectra and lattices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import case
from hypothesis import given
from hypothesis import strategies as st

from dni.metrics.views import LARGEST_SHIFT, random_view
from dni.training.restoration.losses import (
    lattice_loss,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
    spectrum_loss,
)

LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=4)


def formula(real: np.ndarray, fake: np.ndarray) -> float:
    """-(E log sigmoid(real - E fake) + E log(1 - sigmoid(fake - E real))) / 2."""
    above = np.logaddexp(0, -(real - fake.mean())).mean()
    below = np.logaddexp(0, fake - real.mean()).mean()
    return float((above + below) / 2)


def column(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


@given(real=LOGITS, fake=LOGITS)
def test_losses_follow_the_formula(real: list[float], fake: list[float]) -> None:
    ours = relativistic_discriminator_loss(column(real), column(fake)).item()
    assert ours == pytest.approx(formula(np.array(real), np.array(fake)), rel=1e-9, abs=1e-12)
    # Real and generated change places for the generator.
    assert relativistic_generator_loss(column(fake), column(real)).item() == ours


def test_each_side_wants_what_it_should() -> None:
    high, low = column([3.0, 4.0]), column([-3.0, -5.0])
    assert relativistic_discriminator_loss(high, low) < 0.01 < 5 < relativistic_discriminator_loss(low, high)
    assert relativistic_generator_loss(low, high) < 0.01 < 5 < relativistic_generator_loss(high, low)
    assert relativistic_discriminator_loss(high, high).item() == pytest.approx(np.log(2), abs=0.1)


def test_the_generator_gets_no_gradient_from_the_real_patches() -> None:
    real, fake = column([1.0, 2.0]).requires_grad_(), column([0.5, -1.0]).requires_grad_()
    relativistic_generator_loss(real, fake).backward()
    assert real.grad is None
    assert fake.grad is not None
    assert (fake.grad < 0).all()  # it wants its patches to look more real
    relativistic_discriminator_loss(real, fake.detach()).backward()
    assert (real.grad < 0).all()


def noise(seed: int, *, size: int = 136) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.1 * torch.randn(4, 3, size, size, generator=generator)


def test_equal_spectra_have_no_distance() -> None:
    """A mirrored picture has the mirrored spectrum, which for real values is the same."""
    picture = noise(0, size=64)
    assert spectrum_loss(picture, picture) == 0
    turned = torch.rot90(picture, 2, dims=(2, 3)).roll((1, 1), dims=(2, 3))  # the window starts at 0
    assert spectrum_loss(turned, picture) < 1e-3


def test_the_distance_is_the_squared_difference_of_logarithms() -> None:
    for gain in [0.5, 2.0]:
        with case(gain):
            picture = noise(1)
            louder = 0.5 + gain * (picture - 0.5)
            assert spectrum_loss(louder, picture).item() == pytest.approx(np.log(gain**2) ** 2, rel=0.05)


def test_a_lattice_is_farther_than_louder_noise_of_its_power() -> None:
    grid = torch.zeros(4, 3, 136, 136)
    grid[..., ::4, :] += 0.1
    grid[..., :, ::4] += 0.1
    target, lattice = noise(2), noise(3) + grid
    louder = 0.5 + (noise(3) - 0.5) * lattice.std() / 0.1
    chance = spectrum_loss(noise(3), target)  # two samples of one spectrum
    assert spectrum_loss(lattice, target) - chance > 2 * (spectrum_loss(louder, target) - chance)


def test_its_gradient_takes_the_lattice_away() -> None:
    target = noise(4)
    grid = torch.zeros_like(target)
    grid[..., ::4] += 0.05
    amount = torch.tensor(1.0, requires_grad=True)
    spectrum_loss(noise(5) + amount * grid, target).backward()
    assert amount.grad is not None
    assert amount.grad > 0


def test_flat_pictures_have_finite_distances() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5, requires_grad=True)
    loss = spectrum_loss(flat, noise(6, size=64)[:1])
    loss.backward()
    assert torch.isfinite(loss)
    assert flat.grad is not None
    assert torch.isfinite(flat.grad).all()


def test_views_are_the_same_of_both_and_of_many_kinds() -> None:
    rows = torch.linspace(0, 1, 64)[:, None].expand(1, 3, 64, 64)
    sizes, transposed, lowest = set(), set(), set()
    for seed in range(60):
        ours, theirs = random_view(rows, 1 - rows, np.random.default_rng(seed))
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, 1 - theirs, rtol=0, atol=1e-5)
        assert min(ours.shape[-2:]) >= 0.75 * (64 - LARGEST_SHIFT) - 1
        sizes.add(ours.shape[-1])
        transposed.add(bool(ours[0, 0, :, 0].std() < 1e-3))
        lowest.add(round(float(ours.min()), 2))
    assert transposed == {True, False}
    assert len(sizes) > 15
    assert len(lowest) > 8


def test_a_lattice_costs_the_variance_of_its_sub_pixels() -> None:
    picture, dots = noise(2, size=64), torch.zeros(1, 3, 64, 64)
    dots[:, :, ::4, ::4] = 8 / 255  # one sub-pixel of sixteen is 8 levels brighter
    expected = 8**2 * (1 / 16) * (15 / 16)
    assert lattice_loss(picture + dots, picture, scale=4).item() == pytest.approx(expected, rel=1e-4)


def test_what_is_no_lattice_costs_nothing() -> None:
    picture = noise(3, size=64)
    ramp = torch.linspace(0, 0.2, 16).repeat_interleave(4)  # one value an input pixel
    for difference in [torch.tensor(0.1), ramp, ramp[:, None]]:
        with case(difference.shape):
            assert lattice_loss(picture + difference, picture, scale=4).item() == pytest.approx(0, abs=1e-6)


def test_a_lattice_costs_more_than_noise_of_its_power() -> None:
    picture, dots = noise(4), torch.zeros(4, 3, 136, 136)
    dots[:, :, ::4, ::4] = 8 / 255
    grain = torch.randn(dots.shape, generator=torch.Generator().manual_seed(5)) * dots.std()
    lattice, texture = (lattice_loss(picture + added, picture, scale=4) for added in (dots, grain))
    assert lattice > 20 * texture
