"""What the methods have in common that align the activations of source and target."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from dni.errors import DniError, shown
from dni.training.adaptation.losses import standardise
from dni.training.adaptation.methods.base import Batch, Losses, Method, Setting, classify, ramp
from models.digits import DigitClassifier

__all__ = ["LONG", "AligningMethod"]

# As many steps as DANN has, so that no row of the comparison is short of training.
LONG = 15000


class AligningMethod(Method):
    """Cross-entropy on the source, and a distance between the domains summed over the layers of ``setting``.

    Activations are standardised first (:func:`..losses.standardise`) where the distance depends on their
    scale: without that, a network lowers it by shrinking what is compared instead of aligning it.

    Raises:
        DniError: A setting without such layers or with one twice, or with a weight that is not above 0 and
            finite.

    Attributes:
        loss_name: Of the distance in the log.
        layer_names: Those that can be aligned.
        setting: By default the first candidate.
        is_scale_free: Whether the distance stays the same when all activations of a layer are multiplied.
    """

    iterations = LONG
    loss_name: ClassVar[str]
    is_scale_free: ClassVar[bool] = False
    layer_names: ClassVar[tuple[str, ...]] = ("features", "fc1", "fc2", "logits")

    def __init__(self, network: DigitClassifier, setting: Setting | None = None) -> None:
        super().__init__(network)
        self.setting = setting or self.candidates[0]
        weight, layers = self.setting.weight, self.setting.layers
        if not (0 < weight < math.inf and layers and len(set(layers) & set(self.layer_names)) == len(layers)):
            raise DniError(
                f"Expected a finite weight above 0 and layers of {self.id}, each once, among "
                f"{', '.join(self.layer_names)}, but got {weight} and {shown(', '.join(layers))}."
            )

    def losses(self, batch: Batch, progress: float) -> Losses:
        size = len(batch.source)
        activations = self.activations(torch.cat((batch.source, batch.target)))
        domains = [(activations[name][:size], activations[name][size:]) for name in self.setting.layers]
        if not self.is_scale_free:
            domains = [standardise(*pair) for pair in domains]
        distance = torch.stack([self.distance(*pair) for pair in domains]).sum()
        return {
            "classify": classify(activations["logits"][:size], batch.labels),
            self.loss_name: self.setting.weight * ramp(progress) * distance,
        }

    def activations(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, 28, 28) to what the layers give, (B, units), by name; "logits" are among them."""
        return self.network.activations(images)

    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        """Of the activations (B, units) of one layer; a scalar, never negative."""
        raise NotImplementedError
