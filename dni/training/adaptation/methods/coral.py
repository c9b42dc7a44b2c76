"""Deep CORAL: align the covariances of the two domains.

Sun & Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation", ECCV Workshops 2016,
https://arxiv.org/abs/1607.01719: the loss sits on the last layer's outputs, weighted so that it ends about as
large as the classification loss.
"""

from __future__ import annotations

import torch

from dni.training.adaptation.losses import coral_loss
from dni.training.adaptation.methods.base import Batch, Losses, Method, classify, ramp

__all__ = ["DeepCoral"]


class DeepCoral(Method):
    id = "coral"
    weight = 1.0

    def losses(self, batch: Batch, progress: float) -> Losses:
        logits = self.network(torch.cat((batch.source, batch.target)))
        size = len(batch.source)
        return {
            "classify": classify(logits[:size], batch.labels),
            "coral": self.weight * ramp(progress) * coral_loss(logits[:size], logits[size:]),
        }
