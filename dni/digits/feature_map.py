"""A two-dimensional map of features on axes fitted once, so that it does not jump while alpha moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["FeatureMap", "standardised"]

# A feature that is never active has no variance to be divided by.
EPSILON = 1e-6
# In standard deviations: a feature that is active for one digit alone would otherwise choose an axis.
MOST_DEVIATIONS = 3.0
# Of each axis, the map shows what lies between this quantile and its counterpart, and a margin.
QUANTILE, MARGIN = 0.01, 1.1


@dataclass(frozen=True)
class FeatureMap:
    """Two principal components of features of two domains, at S steps of a network.

    At every step each feature is brought to zero mean and unit variance over the digits of both domains, as
    for the A-distance: otherwise domains would seem to meet wherever features merely become smaller. Both the
    components and the scale resist outliers, which would squeeze all other digits into a spot.

    Attributes:
        weight: float32 (d, 2): the components, scaled.
        offset: float32 (2,): what is subtracted after them.
        positions: float32 (S, 2, N, 2), in [-1, 1], of the features it was fitted to; x and y.
    """

    weight: Tensor
    offset: Tensor
    positions: Tensor

    @classmethod
    def fit(cls, features: Tensor) -> FeatureMap:
        """Fit axes and scale to all that will be shown: the digits of both domains at all steps.

        Args:
            features: float32 (S, 2, N, d), of the same N digits of two domains at every step.
        """
        from sklearn.decomposition import PCA  # slow to import

        rows = standardised(features).flatten(0, -2)  # (S * 2 * N, d)
        pca = PCA(n_components=2, svd_solver="covariance_eigh").fit(rows.numpy())
        weight = torch.tensor(pca.components_.T, dtype=rows.dtype)
        low, high = torch.quantile(rows @ weight, torch.tensor([QUANTILE, 1 - QUANTILE]), dim=0)  # (2,) each
        half = (MARGIN * (high - low) / 2).clamp_min(EPSILON)
        fitted = cls(weight / half, (low + high) / 2 / half, torch.empty(0))
        return replace(fitted, positions=fitted.place(features))

    def place(self, features: Tensor) -> Tensor:
        """float32 (..., 2, N, d), of all the digits again, to (..., 2, N, 2) in [-1, 1]; what lies outside is
        brought to the edge."""
        return (standardised(features) @ self.weight - self.offset).clamp(-1, 1)


def standardised(features: Tensor) -> Tensor:
    """(..., 2, N, d) with zero mean and unit variance over both domains' digits, cut at three deviations."""
    deviation = features.std(dim=(-3, -2), correction=0, keepdim=True)
    rows = (features - features.mean(dim=(-3, -2), keepdim=True)) / (deviation + EPSILON)
    return rows.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)
