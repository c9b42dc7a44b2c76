"""Target-only: trained with the target's labels, which no adaptation method sees; an upper bound."""

from __future__ import annotations

import math

from dni.errors import DniError
from dni.training.adaptation.augment import moved
from dni.training.adaptation.methods.base import Batch, Losses, Method, classify
from models.digits import DigitClassifier

__all__ = ["TargetOnly"]


class TargetOnly(Method):
    """Cross-entropy on labelled target digits.

    Args:
        network: To train.
        augmented: Turn, scale, shear and shift the digits, at three times the rate of learning and down to
            nothing: a larger network would otherwise learn the 60,000 digits by heart.
    """

    id = "target_only"
    needs_target_labels = True
    iterations = 8000
    large_iterations = 5000

    def __init__(self, network: DigitClassifier, *, augmented: bool = False) -> None:
        super().__init__(network)
        self.augmented = augmented

    def learning_rate(self, progress: float) -> float:
        return 0.03 * math.cos(progress * math.pi / 2) if self.augmented else super().learning_rate(progress)

    def losses(self, batch: Batch, progress: float) -> Losses:
        if batch.target_labels is None:
            raise DniError("Expected a batch with target labels, but got none.")
        images = moved(batch.target, self.generator) if self.augmented else batch.target
        return {"classify": classify(self.network(images), batch.target_labels)}
