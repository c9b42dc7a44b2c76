"""Deep CORAL: align the covariances of the two domains.

Sun & Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation", ECCV Workshops 2016,
https://arxiv.org/abs/1607.01719: the loss sits on the last layer's outputs. We deviate: the outputs are
standardised, and the weight is chosen without labels, where the paper has the two losses end about equal.
"""

from __future__ import annotations

from torch import Tensor

from dni.training.adaptation.losses import coral_loss
from dni.training.adaptation.methods.aligning import AligningMethod
from dni.training.adaptation.methods.base import Setting

__all__ = ["DeepCoral"]


class DeepCoral(AligningMethod):
    id = "coral"
    loss_name = "coral"
    candidates = tuple(Setting(weight, ("logits",)) for weight in (10.0, 30.0, 100.0, 300.0))

    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        return coral_loss(source, target)
