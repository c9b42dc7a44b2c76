"""The relativistic losses against their formula in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dni.restore.losses import relativistic_discriminator_loss, relativistic_generator_loss

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
