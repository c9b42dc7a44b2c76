"""Accuracies of blended digit classifiers: those that ship, else measured and remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from dni.blending.shares import check_shares, shares_of
from dni.caches import SingleFlightCache
from dni.digits.data.sample_grid import OwnPicture, SampleGrids
from dni.digits.methods import method_id
from dni.digits.shipped_curves import ShippedCurves, find_curves

__all__ = ["ALPHAS", "STRENGTHS", "Accuracies"]

ALPHAS = tuple(step / 20 for step in range(21))
STRENGTHS = tuple(step / 10 for step in range(11))

Predict = Callable[[str, float, Tensor], Tensor]


class Accuracies:
    """One number for one quantity, whoever asks: at one alpha, along alpha, or while a picture is faded in.

    ``method``, ``alpha`` and what is raised are those of :class:`dni.digits.live_view.LiveView`.

    Args:
        grids: The digits to measure on where nothing ships.
        predict: Method, alpha and digits, uint8 (N, 3, 28, 28), to probabilities (N, 10).
        results: Where measurements are kept; their keys end with the picture's, or None.
    """

    def __init__(self, grids: SampleGrids, predict: Predict, results: SingleFlightCache) -> None:
        self._grids = grids
        self._predict = predict
        self._results = results

    def shipped(self, method: str) -> ShippedCurves | None:
        """What was measured of the networks that are here; None if they are others."""
        # In a tuple, since the cache makes None again.
        return self._results.recall(("curves", method_id(method), None), lambda: (find_curves(method),))[0]

    def counts(self, method: str) -> tuple[int, int]:
        """Test digits behind each of the accuracies: in each of the fixed domains, and over a picture."""
        held_out, curves = len(self._grids.split.held_out), self.shipped(method)
        return (curves.counts["domains"] if curves else held_out), held_out

    def at(self, method: str, alpha: float, own: OwnPicture) -> tuple[float, ...]:
        """Share of right answers, one a domain: the three fixed ones, then the person's own."""
        check_shares(shares_of(alpha), num_ends=2)
        curves = self.shipped(method)
        fixed = curves.domains_at(alpha) if curves else self._measured_domains(method, alpha)
        return (*fixed, self._over_picture(method, alpha, own))

    def curve(self, method: str, own: OwnPicture) -> Tensor:
        """At every one of ``ALPHAS``: float32 (21, 4)."""
        return torch.tensor([self.at(method, alpha, own) for alpha in ALPHAS])

    def strengths(self, method: str, alpha: float, own: OwnPicture) -> Tensor:
        """While the picture is faded in by every one of ``STRENGTHS``: float32 (3, 11) of source-only, the
        blend at ``alpha`` and the adapted network."""
        check_shares(shares_of(alpha), num_ends=2)
        faded = [replace(own, strength=strength) for strength in STRENGTHS]
        rows = [[self._over_picture(method, a, picture) for picture in faded] for a in (0.0, alpha, 1.0)]
        return torch.tensor(rows)

    def _over_picture(self, method: str, alpha: float, own: OwnPicture) -> float:
        curves = self.shipped(method)
        if curves and own.token in curves.pictures:
            return float(np.interp(own.strength, curves.strengths, curves.picture_at(own.token, alpha)))
        key = ("accuracy", method_id(method), alpha, own.key)
        return self._results.recall(
            key, lambda: self._share_right(method, alpha, self._grids.own_held_out(own)[0])
        )

    def _measured_domains(self, method: str, alpha: float) -> tuple[float, ...]:
        def measure() -> tuple[float, ...]:
            # One domain at a time, so that somebody's slider waits for no more than that.
            return tuple(self._share_right(method, alpha, images) for images in self._grids.held_out)

        return self._results.recall(("accuracy", method_id(method), alpha, None), measure)

    def _share_right(self, method: str, alpha: float, images: Tensor) -> float:
        """Of the held-out digits, uint8 (N, 3, 28, 28)."""
        answers = self._predict(method, alpha, images).argmax(dim=-1)
        return float((answers == self._grids.split.held_out.labels).float().mean())
