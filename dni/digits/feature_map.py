"""A two-dimensional map of features on axes fitted once, so that it does not jump while alpha moves."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["FeatureMap", "standardised"]

# A feature that is never active has no variance to be divided by.
EPSILON = 1e-6


@dataclass(frozen=True)
class FeatureMap:
    """Two principal components of features of two domains, at S steps of a network.

    At every step each feature is brought to zero mean and unit variance over the digits of both domains, as
    for the A-distance: otherwise domains would seem to meet wherever features merely become smaller.

    Attributes:
        weight: float32 (d, 2): the components, scaled.
        positions: float32 (S, 2, N, 2), in [-1, 1], of the features it was fitted to; x and y.
    """

    weight: Tensor
    positions: Tensor

    @classmethod
    def fit(cls, features: Tensor) -> FeatureMap:
        """Fit the axes to the first and last step together, and the scale to all steps.

        Args:
            features: float32 (S, 2, N, d), of the same N digits of two domains at every step.
        """
        from sklearn.decomposition import PCA  # slow to import

        rows = standardised(features)
        pca = PCA(n_components=2, svd_solver="covariance_eigh").fit(rows[[0, -1]].flatten(0, -2).numpy())
        weight = torch.tensor(pca.components_.T, dtype=rows.dtype)
        positions = rows @ weight
        largest = positions.abs().max().clamp_min(EPSILON)
        return cls(weight / largest, positions / largest)

    def place(self, features: Tensor) -> Tensor:
        """float32 (2, N, d), of all the digits again, to (2, N, 2) in [-1, 1]; what lies outside is brought
        to the edge."""
        return (standardised(features) @ self.weight).clamp(-1, 1)


def standardised(features: Tensor) -> Tensor:
    """(..., 2, N, d) with zero mean and unit variance over both domains' digits."""
    deviation = features.std(dim=(-3, -2), correction=0, keepdim=True)
    return (features - features.mean(dim=(-3, -2), keepdim=True)) / (deviation + EPSILON)
