"""A linear classifier on few labels: ridge regression on the classes, its strength chosen by leaving one out.

The strength is chosen from the few labels alone (scikit-learn's ``RidgeCV``), so no further label is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Probe", "fit_probe"]

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True)
class Probe:
    """Scores are ``features @ weight + bias``, float32 (d, 10) and (10,); near 1 for the class, else 0."""

    weight: Tensor
    bias: Tensor

    def accuracy(self, features: Tensor, labels: Tensor) -> float:
        right = (features @ self.weight + self.bias).argmax(dim=1) == labels
        return float(right.double().mean())


def fit_probe(features: Tensor, labels: Tensor) -> Probe:
    """Fit to float32 (N, d) and int64 (N,), at least one of each class.

    Features are brought to mean zero and mean length 1 first, so that one grid of strengths suits all.
    """
    from sklearn.linear_model import RidgeCV  # slow to import

    mean = features.double().mean(dim=0)
    centred = features.double() - mean
    scale = centred.norm(dim=1).mean().clamp_min(1e-9)
    targets = functional.one_hot(labels, 10).double()
    ridge = RidgeCV(STRENGTHS).fit((centred / scale).numpy(), targets.numpy())
    weight = torch.from_numpy(ridge.coef_).T / scale  # (d, 10)
    bias = torch.from_numpy(ridge.intercept_) - mean @ weight
    return Probe(weight.float(), bias.float())
