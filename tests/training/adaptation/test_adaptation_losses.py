"""The losses of adaptation against finite differences, scikit-learn's kernels, NumPy and closed formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import entropy
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel
from torch import Tensor, nn
from torch.nn import functional

from dni.training.adaptation.losses import (
    coral_loss,
    gaussian_kernel,
    mean_discrepancy,
    median_bandwidth,
    mmd_squared,
    multi_kernel_mmd,
    prediction_entropy,
    reversal_schedule,
    reverse_gradient,
    standardise,
)

Loss = Callable[[Tensor, Tensor], Tensor]
LOSSES: list[Loss] = [mmd_squared, multi_kernel_mmd, mean_discrepancy, coral_loss]

samples = given(
    seed=st.integers(0, 1000),
    rows=st.integers(2, 9),
    others=st.integers(2, 9),
    width=st.integers(1, 5),
    scale=st.sampled_from([1e-2, 1.0, 30.0]),
)


def rows_of(count: int, width: int, *, seed: int, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(count, width, generator=generator)


# Reversal


def finite_differences(function: Callable[[], Tensor], at: Tensor, step: float = 1e-5) -> Tensor:
    """The gradient of a scalar function with respect to ``at``, which it reads, element by element."""
    gradient = torch.zeros_like(at)
    for index in np.ndindex(*at.shape):
        with torch.no_grad():
            at[index] += step
            above = function()
            at[index] -= 2 * step
            below = function()
            at[index] += step
        gradient[index] = (above - below) / (2 * step)
    return gradient


@pytest.mark.parametrize("reversal", [0.0, 2.5])
def test_reversal_by_finite_differences(reversal: float) -> None:
    """What reaches the features is -reversal x gradient; the domain classifier trains at full strength."""
    torch.manual_seed(0)
    features = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    classifier = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    domains = torch.tensor([[0.0], [1.0], [1.0]], dtype=torch.float64)

    def domain_loss() -> Tensor:
        read = reverse_gradient(features, reversal)
        return functional.binary_cross_entropy_with_logits(classifier(read), domains)

    domain_loss().backward()
    numeric = finite_differences(domain_loss, features)
    assert numeric.abs().max() > 0.01
    torch.testing.assert_close(features.grad, -reversal * numeric, atol=1e-9, rtol=1e-6)
    for parameter in classifier.parameters():
        numeric = finite_differences(domain_loss, parameter)
        torch.testing.assert_close(parameter.grad, numeric, atol=1e-9, rtol=1e-6)


def test_reversal_is_the_identity_forwards() -> None:
    for dtype in [torch.float32, torch.bfloat16]:
        with case(dtype):
            x = rows_of(3, 4, seed=0).to(dtype)
            result = reverse_gradient(x, 0.7)
            assert result.dtype == dtype
            assert torch.equal(result, x)


def test_the_schedule_rises_from_zero_to_almost_one() -> None:
    values = [reversal_schedule(step / 20) for step in range(21)]
    assert values[0] == 0
    assert values == sorted(values)
    assert 0.9999 < values[-1] < 1
    assert values == pytest.approx([math.tanh(5 * step / 20) for step in range(21)])


# Maximum mean discrepancy


@samples
@settings(max_examples=30)
def test_kernel_and_mmd_agree_with_scikit_learn(
    seed: int, rows: int, others: int, width: int, scale: float
) -> None:
    source = rows_of(rows, width, seed=seed, scale=scale)
    target = rows_of(others, width, seed=seed + 1, shift=0.5 * scale, scale=scale)
    x, y = source.double().numpy(), target.double().numpy()
    distances = pdist(np.concatenate((x, y)))
    bandwidth = np.percentile(distances, 50, method="lower")
    assert median_bandwidth(torch.cat((source, target))).item() == pytest.approx(bandwidth, rel=2e-3)
    gamma = 1 / (2 * bandwidth**2)
    kernel = gaussian_kernel(source, target, float(bandwidth))
    np.testing.assert_allclose(kernel.numpy(), rbf_kernel(x, y, gamma=gamma), atol=1e-4)
    within = rbf_kernel(x, gamma=gamma).mean() + rbf_kernel(y, gamma=gamma).mean()
    expected = within - 2 * rbf_kernel(x, y, gamma=gamma).mean()
    assert mmd_squared(source, target, bandwidth=float(bandwidth)).item() == pytest.approx(expected, abs=1e-4)
    assert mmd_squared(source, target).item() == pytest.approx(expected, abs=2e-3)


@samples
@settings(max_examples=30)
def test_the_multi_kernel_mmd_is_the_mean_of_six(
    seed: int, rows: int, others: int, width: int, scale: float
) -> None:
    source = rows_of(rows, width, seed=seed, scale=scale)
    target = rows_of(others, width, seed=seed + 1, shift=0.5 * scale, scale=scale)
    x, y = source.double().numpy(), target.double().numpy()
    median = np.percentile(pdist(np.concatenate((x, y)), "sqeuclidean"), 50, method="lower")
    expected = [
        rbf_kernel(x, gamma=gamma).mean()
        + rbf_kernel(y, gamma=gamma).mean()
        - 2 * rbf_kernel(x, y, gamma=gamma).mean()
        for gamma in (1 / (factor * median) for factor in (1 / 8, 1 / 4, 1 / 2, 1, 2, 4))
    ]
    assert multi_kernel_mmd(source, target).item() == pytest.approx(np.mean(expected), abs=2e-3)


def test_mmd_of_two_points() -> None:
    for distance in [0.1, 1.0, 4.0]:
        with case(distance):
            source, target = torch.zeros(3, 1), torch.full((5, 1), distance)
            expected = 2 - 2 * math.exp(-(distance**2) / (2 * 1.5**2))
            assert mmd_squared(source, target, bandwidth=1.5).item() == pytest.approx(expected, abs=1e-6)


@samples
@settings(max_examples=20)
def test_properties_of_a_discrepancy(seed: int, rows: int, others: int, width: int, scale: float) -> None:
    for loss in LOSSES:
        with case(loss):
            source = rows_of(rows, width, seed=seed, scale=scale)
            target = rows_of(others, width, seed=seed + 1, shift=scale, scale=2 * scale)
            value = loss(source, target).item()
            near = pytest.approx(value, rel=1e-3, abs=1e-6)
            assert value >= -1e-6
            assert loss(target, source).item() == near
            assert loss(source.flip(0), target.roll(1, 0)).item() == near
            assert loss(source, source.clone()).item() == pytest.approx(0, abs=1e-6)


def test_far_domains_are_farther_than_near_ones() -> None:
    for loss in LOSSES:
        with case(loss):
            source, near, far = (
                rows_of(200, 4, seed=s, scale=scale) for s, scale in ((0, 1), (1, 1), (2, 3))
            )
            assert 0 <= loss(source, near) < 0.1 * loss(source, far + 2)


def test_gradients_at_equal_rows_are_finite() -> None:
    for value, loss in product([0.0, 0.3, 7.0], LOSSES):
        with case(value, loss):
            source = torch.full((4, 3), value, requires_grad=True)
            target = torch.full((5, 3), value, requires_grad=True)
            result = loss(source, target)
            result.backward()
            assert result.item() == pytest.approx(0, abs=1e-6)
            assert source.grad is not None
            assert target.grad is not None
            assert source.grad.isfinite().all()
            assert target.grad.isfinite().all()


def test_the_median_bandwidth_is_a_constant_of_the_gradient() -> None:
    source, target = rows_of(6, 3, seed=0), rows_of(7, 3, seed=1, shift=1)
    gradients = []
    for bandwidth in (None, float(median_bandwidth(torch.cat((source, target))))):
        leaf = target.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(mmd_squared(source, leaf, bandwidth=bandwidth), leaf)
        gradients.append(gradient)
    torch.testing.assert_close(*gradients)
    assert gradients[0].abs().max() > 1e-3


def test_following_the_gradient_brings_the_domains_together() -> None:
    for loss in LOSSES:
        with case(loss):
            source, target = rows_of(20, 3, seed=0), rows_of(20, 3, seed=1, shift=1, scale=2).requires_grad_()
            value = loss(source, target)
            (gradient,) = torch.autograd.grad(value, target)
            assert loss(source, target - 0.1 * gradient / gradient.norm()) < value


# Means and covariances


@samples
@settings(max_examples=20)
def test_coral_agrees_with_numpy(seed: int, rows: int, others: int, width: int, scale: float) -> None:
    source = rows_of(rows, width, seed=seed, scale=scale)
    target = rows_of(others, width, seed=seed + 1, scale=scale)
    covariances = [np.atleast_2d(np.cov(x.double().numpy(), rowvar=False)) for x in (source, target)]
    expected = ((covariances[0] - covariances[1]) ** 2).sum() / (4 * width**2)
    assert coral_loss(source, target).item() == pytest.approx(expected, rel=1e-3, abs=1e-9)


def test_coral_does_not_see_a_shift() -> None:
    source = rows_of(30, 4, seed=0)
    assert coral_loss(source, source + 3).item() == pytest.approx(0, abs=1e-9)


@samples
@settings(max_examples=20)
def test_mean_discrepancy_is_the_mmd_of_a_linear_kernel(
    seed: int, rows: int, others: int, width: int, scale: float
) -> None:
    source = rows_of(rows, width, seed=seed, scale=scale)
    target = rows_of(others, width, seed=seed + 1, shift=scale, scale=scale)
    x, y = source.double().numpy(), target.double().numpy()
    expected = linear_kernel(x).mean() + linear_kernel(y).mean() - 2 * linear_kernel(x, y).mean()
    assert mean_discrepancy(source, target).item() == pytest.approx(expected, rel=1e-3, abs=1e-6 * scale**2)


# What no scale may change


def test_standardised_activations_have_no_mean_and_unit_power() -> None:
    source, target = rows_of(7, 4, seed=0, shift=3, scale=5), rows_of(9, 4, seed=1, scale=0.1)
    pair = standardise(source, target)
    assert [part.shape for part in pair] == [source.shape, target.shape]
    together = torch.cat(pair)
    torch.testing.assert_close(together.mean(dim=0), torch.zeros(4), atol=1e-6, rtol=0)
    assert together.square().mean().item() == pytest.approx(1, abs=1e-5)
    # One scale for all units: what varies more, still does.
    ratio = together.std(dim=0) / torch.cat((source, target)).std(dim=0)
    torch.testing.assert_close(ratio, ratio[:1].expand(4))


def test_shrinking_does_not_lower_a_standardised_distance() -> None:
    """The gradient with respect to a common scale is none, which it is not without the standardisation."""
    source, target = rows_of(12, 5, seed=0), rows_of(12, 5, seed=1, shift=1, scale=2)
    for loss in LOSSES:
        with case(loss):
            scale = torch.tensor(3.0, requires_grad=True)
            (plain,) = torch.autograd.grad(loss(scale * source, scale * target), scale)
            (steady,) = torch.autograd.grad(loss(*standardise(scale * source, scale * target)), scale)
            assert plain > 1e-3
            assert abs(steady) < 1e-5


# Precision and errors


def test_autocast_does_not_make_them_coarse() -> None:
    for loss in LOSSES:
        with case(loss):
            source, target = rows_of(16, 8, seed=0, shift=20), rows_of(16, 8, seed=1, shift=20.2)
            expected = loss(source, target)
            with torch.autocast("cpu", torch.bfloat16):
                result = loss(source, target)
            assert result.dtype == torch.float32
            assert torch.equal(result, expected)


def test_bfloat16_features_are_widened() -> None:
    for loss in LOSSES:
        with case(loss):
            source, target = rows_of(6, 3, seed=0).bfloat16(), rows_of(6, 3, seed=1).bfloat16()
            assert torch.equal(loss(source, target), loss(source.float(), target.float()))


def test_shapes_that_do_not_fit() -> None:
    for loss, (source, target, text) in product(
        [*LOSSES, standardise],
        [
            (
                (4, 3),
                (4, 2),
                r"Expected feature matrices \(n, d\) and \(m, d\), but got \(4, 3\) and \(4, 2\)",
            ),
            ((4, 3, 1), (4, 3), r"but got \(4, 3, 1\) and \(4, 3\)"),
            ((4, 3), (3,), r"but got \(4, 3\) and \(3,\)"),
            ((1, 3), (4, 3), "Expected at least two rows in each domain, but got 1 and 4"),
            ((4, 3), (0, 3), "Expected at least two rows in each domain, but got 4 and 0"),
        ],
    ):
        with case(loss, source, target), pytest.raises(ValueError, match=text):
            loss(torch.zeros(source), torch.zeros(target))


def test_prediction_entropy() -> None:
    logits = rows_of(7, 10, seed=0, scale=3)
    expected = entropy(functional.softmax(logits.double(), dim=1).numpy(), axis=1).mean()
    assert prediction_entropy(logits).item() == pytest.approx(expected, rel=1e-5)
    assert prediction_entropy(torch.zeros(3, 10)).item() == pytest.approx(math.log(10))
    assert prediction_entropy(1e4 * torch.eye(10)).item() == 0
