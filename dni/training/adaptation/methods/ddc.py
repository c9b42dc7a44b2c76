"""DDC: deep domain confusion.

Tzeng et al., "Deep Domain Confusion: Maximizing for Domain Invariance", 2014,
https://arxiv.org/abs/1412.3474: a narrow adaptation layer, and 0.25 times the squared MMD (linear kernel, as
in the paper) of its outputs beside the classification loss. Where the layer sits and how wide it is, is what
gives the smallest MMD; target labels play no part. We deviate: that choice measures the MMD under a Gaussian
kernel, the loss under the linear one; activations are standardised; and the weight is chosen without labels
like that of the others (the paper's 0.25 is among the candidates). The layer is linear, so that at the end it
folds into the layer after it and the network keeps the architecture of its ancestor: the same function, and
it blends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.training.adaptation.losses import mean_discrepancy
from dni.training.adaptation.methods.aligning import AligningMethod
from dni.training.adaptation.methods.base import Setting
from models.digits import DigitClassifier

__all__ = ["PLACES", "Ddc", "Place"]


@dataclass(frozen=True)
class Place:
    """Where the adaptation layer sits (before fc2 or before fc3) and how many units it has."""

    before: Literal["fc2", "fc3"]
    width: int


PLACES = tuple(Place(before, width) for before in ("fc2", "fc3") for width in (16, 32, 64))
DEFAULT_PLACE = Place("fc2", 64)


class Ddc(AligningMethod):
    id = "ddc"
    loss_name = "confusion"
    layer_names = ("adapt", "logits")
    candidates = tuple(Setting(weight, ("adapt",)) for weight in (0.08, 0.25, 0.8, 2.5))

    def __init__(
        self, network: DigitClassifier, setting: Setting | None = None, place: Place = DEFAULT_PLACE
    ) -> None:
        super().__init__(network, setting)
        self.place = place
        layer: nn.Linear = getattr(network, place.before)
        self.adapt = nn.Linear(layer.in_features, place.width, bias=False)
        self.expand = nn.Linear(place.width, layer.out_features)
        with torch.no_grad():
            self._split(layer)

    def _split(self, layer: nn.Linear) -> None:
        """Start as the best approximation of the layer's weight by a product of two of this width.

        Narrower than the weight's rank, that is not quite the ancestor's function.
        """
        left, values, right = torch.linalg.svd(layer.weight, full_matrices=False)
        width = min(self.place.width, len(values))
        root = values[:width].sqrt()
        self.adapt.weight[:width] = root[:, None] * right[:width]
        self.expand.weight.zero_()[:, :width] = left[:, :width] * root
        self.expand.bias.copy_(layer.bias)

    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        return mean_discrepancy(source, target)

    def activations(self, images: Tensor) -> dict[str, Tensor]:
        logits, adapted = self.run(images)
        return {"adapt": adapted, "logits": logits}

    def run(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 10) and the adaptation layer's outputs (B, width)."""
        network = self.network
        hidden = functional.relu(network.fc1(network.features(images)))
        if self.place.before == "fc2":
            adapted = self.adapt(hidden)
            return network.fc3(functional.relu(self.expand(adapted))), adapted
        adapted = self.adapt(functional.relu(network.fc2(hidden)))
        return self.expand(adapted), adapted

    @torch.no_grad()
    def result(self) -> DigitClassifier:
        """The network with the adaptation layer folded into the layer after it."""
        layer: nn.Linear = getattr(self.network, self.place.before)
        layer.weight.copy_(self.expand.weight @ self.adapt.weight)
        layer.bias.copy_(self.expand.bias)
        return self.network
