"""Measures of a classifier and its features: calibration, A-distance, information maximisation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dni.training.adaptation.losses import prediction_entropy
from models.digits import DomainClassifier

__all__ = [
    "accuracy",
    "domain_accuracy",
    "expected_calibration_error",
    "information_maximisation",
    "proxy_a_distance",
]

# JMLR's proxy A-distance takes the best linear SVM over several of these.
SVM_STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2)
DOMAIN_STEPS = 500


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Share of right answers, 0 to 1; logits (N, K), labels int64 (N,)."""
    return float((logits.argmax(dim=1) == labels).float().mean())


def expected_calibration_error(logits: Tensor, labels: Tensor, *, num_bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal bins of confidence, 0 to 1.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, https://arxiv.org/abs/1706.04599.
    """
    confidence, answers = functional.softmax(logits.double(), dim=1).max(dim=1)
    right = (answers == labels).double()
    bins = (confidence * num_bins).ceil().long().clamp(1, num_bins) - 1  # (lower, upper], as in the paper
    gaps = torch.zeros(num_bins, dtype=torch.float64).index_add(0, bins, confidence - right)
    return float(gaps.abs().sum() / len(labels))


def information_maximisation(logits: Tensor) -> float:
    """Entropy of the mean prediction less the mean entropy, in nats: high where a network is sure of each
    digit and uses all classes. It needs no label, so it may choose a network.

    Shi & Sha, "Information-Theoretical Learning of Discriminative Clusters", ICML 2012,
    https://arxiv.org/abs/1206.6438.
    """
    mean = functional.softmax(logits.double(), dim=1).mean(dim=0)
    return float(torch.special.entr(mean).sum() - prediction_entropy(logits.double()))


def proxy_a_distance(
    train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], *, strengths: Sequence[float] = SVM_STRENGTHS
) -> float:
    """2 (1 - 2 error) of the best linear SVM that tells the domains apart; from 0 (it cannot) to 2.

    Ben-David et al., "Analysis of Representations for Domain Adaptation", NeurIPS 2006, as in Ganin et al.,
    JMLR 2016. Features are brought to zero mean and unit variance first, so that a network cannot lower the
    distance by scaling.

    Args:
        train: Features of source (n, d) and target (m, d) that the SVMs learn from.
        test: Others, of each domain, that they are tested on.
        strengths: Values of the SVM's C to try.
    """
    from sklearn.svm import LinearSVC  # takes a second, which only the report has to wait

    (x, y), (x_test, y_test) = together(*train), together(*test)
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    x, x_test = (x - mean) / deviation, (x_test - mean) / deviation
    machines = (LinearSVC(C=strength, dual=False).fit(x, y) for strength in strengths)
    error = min(1 - float(machine.score(x_test, y_test)) for machine in machines)
    return 2 * (1 - 2 * min(error, 0.5))


def domain_accuracy(train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], *, seed: int = 0) -> float:
    """Accuracy, 0 to 1, of a fresh domain classifier trained on frozen features and tested on others."""
    features = torch.cat(train)
    mean, deviation = features.mean(dim=0), features.std(dim=0) + 1e-6
    labels = torch.tensor([0.0, 1.0]).repeat_interleave(torch.tensor([len(f) for f in train]))[:, None]
    classifier = fresh_domain_classifier((features - mean) / deviation, labels, seed)
    with torch.no_grad():
        right = [
            float(((classifier((f - mean) / deviation) > 0) == bool(domain)).float().mean())
            for domain, f in enumerate(test)
        ]
    return sum(right) / len(right)


def fresh_domain_classifier(features: Tensor, labels: Tensor, seed: int) -> DomainClassifier:
    """Trained on (n, d) features and (n, 1) domains; the caller's random state stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = DomainClassifier(features.shape[1])
        optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3)
        for _ in range(DOMAIN_STEPS):
            rows = torch.randint(len(features), (256,))
            optimizer.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(classifier(features[rows]), labels[rows])
            torch.autograd.backward(loss)
            optimizer.step()
    return classifier


def together(source: Tensor, target: Tensor) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat([0, 1], [len(source), len(target)])
    return torch.cat((source, target)).double().numpy(), labels
