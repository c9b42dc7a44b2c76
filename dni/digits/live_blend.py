"""A live blend of two digit classifiers: source-only at alpha 0, an adapted one at 1."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dni.blending.blend import Blend
from dni.checkpoints.files import read_state
from dni.device import Precision
from dni.digits.classifiers import classifier_path, features_of, fresh_network, logits_of
from dni.digits.methods import ANCESTOR
from models.digits import DigitClassifier

__all__ = ["LiveBlend", "read_out"]

Run = Callable[[DigitClassifier, Tensor], Tensor]


class LiveBlend:
    """Safe to share between threads: whoever asks sets alpha and runs the network before the next one does.

    Args:
        method: Id of the adapted network's method.
        precision: Of the convolutions.

    Attributes:
        nbytes: What its networks take.

    Raises:
        DniError: A network's file is missing or unusable.
    """

    def __init__(self, method: str, precision: Precision) -> None:
        states = [read_state(classifier_path(end)) for end in (ANCESTOR, method)]
        network = fresh_network(states[0]).to(memory_format=torch.channels_last).eval().requires_grad_(False)
        self.precision = precision
        self._blend = Blend(network, states)
        self.nbytes = self._blend.nbytes

    def probabilities(self, alpha: float, images: Tensor) -> Tensor:
        """uint8 digits (..., 3, 28, 28) to float32 (..., 10).

        Raises:
            BlendError: ``alpha`` is not in [0, 1].
        """
        return self._run(logits_of, alpha, images).softmax(dim=-1)

    def features(self, alpha: float, images: Tensor) -> Tensor:
        """uint8 digits (..., 3, 28, 28) to float32 (..., d); raises as above."""
        return self._run(features_of, alpha, images)

    def _run(self, run: Run, alpha: float, images: Tensor) -> Tensor:
        with self._blend.at_alpha(alpha) as network:
            assert isinstance(network, DigitClassifier)
            return read_out(run, network, images, self.precision)


def read_out(run: Run, network: DigitClassifier, images: Tensor, precision: Precision) -> Tensor:
    """``run`` the network on digits with any number of leading dimensions."""
    flat = images.reshape(-1, *images.shape[-3:]).contiguous(memory_format=torch.channels_last)
    # No cache of converted weights, since the live ones change in place.
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16", cache_enabled=False):
        rows = run(network, flat)
    return rows.reshape(*images.shape[:-3], rows.shape[-1])
