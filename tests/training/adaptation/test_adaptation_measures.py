"""The report's measures against torchmetrics, closed cases and domains whose distance is known."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from cases import case
from digit_files import some_digits
from torch import Tensor
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error

from dni.digits.classifiers import features_of, logits_of
from dni.training.adaptation import measures as measures_module
from dni.training.adaptation.measures import (
    accuracy,
    domain_accuracy,
    expected_calibration_error,
    information_maximisation,
    proxy_a_distance,
)
from models.digits import DigitNetwork


def predictions(seed: int, count: int = 500, scale: float = 2.0) -> tuple[Tensor, Tensor]:
    """Logits that are right more often than by chance, and labels."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(10, (count,), generator=generator)
    logits = torch.randn(count, 10, generator=generator)
    logits[torch.arange(count), labels] += 1
    return scale * logits, labels


# Accuracy and calibration


def test_accuracy_agrees_with_torchmetrics() -> None:
    for seed in range(3):
        with case(seed):
            logits, labels = predictions(seed)
            expected = multiclass_accuracy(logits, labels, num_classes=10, average="micro")
            assert accuracy(logits, labels) == pytest.approx(float(expected))
            assert accuracy(logits, logits.argmax(dim=1)) == 1
            assert accuracy(logits, (logits.argmax(dim=1) + 1) % 10) == 0


def test_calibration_agrees_with_torchmetrics() -> None:
    for seed, scale in product(range(3), [0.1, 1.0, 3.0, 30.0]):
        with case(seed, scale):
            logits, labels = predictions(seed, scale=scale)
            # Probabilities: torchmetrics takes logits that happen to lie in [0, 1] for probabilities.
            expected = multiclass_calibration_error(logits.softmax(dim=1), labels, num_classes=10, n_bins=15)
            assert expected_calibration_error(logits, labels) == pytest.approx(float(expected), abs=1e-5)


def test_calibration_of_closed_cases() -> None:
    labels = torch.arange(10)
    sure = 1e3 * torch.eye(10)
    assert expected_calibration_error(sure, labels) == 0
    assert expected_calibration_error(sure, labels.roll(1)) == 1
    assert expected_calibration_error(torch.zeros(10, 10), labels) == pytest.approx(0, abs=1e-9)
    # 90 % sure and right half of the time.
    logits = torch.zeros(10, 10)
    logits[:, 0] = math.log(81)
    assert expected_calibration_error(logits, torch.tensor([0, 1] * 5)) == pytest.approx(0.4, abs=1e-6)


def test_gaps_of_one_bin_cancel_and_those_of_two_do_not() -> None:
    logits = torch.tensor([[math.log(0.6), math.log(0.4)], [math.log(0.95), math.log(0.05)]])
    labels = torch.tensor([0, 1])
    assert expected_calibration_error(logits, labels, num_bins=1) == pytest.approx(0.275)
    assert expected_calibration_error(logits, labels) == pytest.approx((0.4 + 0.95) / 2)


# Information maximisation


def test_information_of_closed_cases() -> None:
    sure = 1e3 * torch.eye(10)
    assert information_maximisation(sure) == pytest.approx(math.log(10))
    assert information_maximisation(torch.zeros(5, 10)) == pytest.approx(0, abs=1e-9)
    assert information_maximisation(sure[:2]) == pytest.approx(math.log(2))
    assert information_maximisation(sure[:1].expand(4, -1)) == pytest.approx(0, abs=1e-9)


def test_information_is_the_mutual_information() -> None:
    """Mean Kullback-Leibler divergence of each prediction from the mean one, which is never negative."""
    for seed in range(3):
        with case(seed):
            logits, _ = predictions(seed)
            each = logits.double().softmax(dim=1)
            expected = (each * (each / each.mean(dim=0)).log()).sum(dim=1).mean()
            assert information_maximisation(logits) == pytest.approx(float(expected))
            assert 0 < information_maximisation(logits) < math.log(10)


# Domains


def two_domains(shift: float, count: int = 200, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    source = torch.randn(count, DigitNetwork.num_features, generator=generator)
    target = torch.randn(count, DigitNetwork.num_features, generator=generator)
    target[:, :100] += shift
    return source, target


def test_a_distance_of_separable_domains_is_two() -> None:
    assert proxy_a_distance(two_domains(2, seed=0), two_domains(2, seed=1)) == pytest.approx(2, abs=0.05)


def test_a_distance_of_equal_domains_is_about_zero() -> None:
    distance = proxy_a_distance(two_domains(0, seed=0), two_domains(0, seed=1))
    assert 0 <= distance < 0.3


def test_a_distance_grows_with_the_shift_and_not_with_the_scale() -> None:
    distances = [proxy_a_distance(two_domains(s, seed=0), two_domains(s, seed=1)) for s in (0, 0.1, 0.2, 0.5)]
    assert distances == sorted(distances)
    scaled = [tuple(100 * features + 7 for features in two_domains(0.2, seed=seed)) for seed in (0, 1)]
    assert proxy_a_distance(*scaled) == pytest.approx(distances[2], abs=0.02)


def test_a_distance_is_of_the_best_machine_and_never_negative() -> None:
    train, test = two_domains(0.2, seed=0), two_domains(0.2, seed=1)
    alone = [proxy_a_distance(train, test, strengths=[strength]) for strength in (1e-4, 1e-1)]
    assert proxy_a_distance(train, test, strengths=(1e-4, 1e-1)) == max(alone)
    # Tested on the domains in the wrong order, every machine is worse than chance.
    separable, swapped = two_domains(2, seed=0), two_domains(2, seed=1)[::-1]
    assert proxy_a_distance(separable, swapped) == 0


def test_domain_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures_module, "DOMAIN_STEPS", 60)
    assert domain_accuracy(two_domains(2, seed=0), two_domains(2, seed=1)) > 0.99
    assert domain_accuracy(two_domains(0, seed=0), two_domains(0, seed=1)) == pytest.approx(0.5, abs=0.1)


def test_domain_accuracy_counts_both_domains_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures_module, "DOMAIN_STEPS", 60)
    source, target = two_domains(2, seed=1)
    train = two_domains(2, seed=0)
    even = domain_accuracy(train, (source, target))
    # All of the source, few of the target, and those few are of the source.
    assert even > 0.99
    assert domain_accuracy(train, (source, source[:5])) == pytest.approx(0.5, abs=0.01)


def test_domain_accuracy_leaves_the_random_state_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures_module, "DOMAIN_STEPS", 5)
    domains = two_domains(1, count=20)
    results = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        results.append(domain_accuracy(domains, domains))
        assert torch.equal(torch.get_rng_state(), state)
    assert results[0] == results[1]


# What a network gives


def test_logits_and_features_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network, images = DigitNetwork(), some_digits(0, 25).images
    with torch.no_grad():
        logits, features = network(images.float() / 255), network.features(images.float() / 255)
    monkeypatch.setattr("dni.digits.classifiers.CHUNK", 10)
    torch.testing.assert_close(logits_of(network, images), logits)
    torch.testing.assert_close(features_of(network, images), features)
    assert not logits_of(network, images).requires_grad
