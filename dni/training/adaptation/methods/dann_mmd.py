"""DaNN: domain adaptive neural network, the MMD regulariser of 2014 (not Ganin's DANN).

Ghifary et al., "Domain Adaptive Neural Networks for Object Recognition", PRICAI 2014,
https://arxiv.org/abs/1409.6041: cross-entropy plus the squared MMD (Gaussian kernel, median heuristic)
between the domains in the hidden layer. We deviate: their network has one hidden layer over raw pixels or
SURF, and their weight is 1000; ours regularises the first hidden layer of the common network.
"""

from __future__ import annotations

import torch

from dni.training.adaptation.losses import mmd_squared
from dni.training.adaptation.methods.base import Batch, Losses, Method, classify, ramp

__all__ = ["DannMmd"]


class DannMmd(Method):
    id = "dann_mmd"
    weight = 3.0

    def losses(self, batch: Batch, progress: float) -> Losses:
        features = self.network.features(torch.cat((batch.source, batch.target)))
        first, second = self.network.hidden(features)
        size = len(batch.source)
        return {
            "classify": classify(self.network.fc3(second[:size]), batch.labels),
            "mmd": self.weight * ramp(progress) * mmd_squared(first[:size], first[size:]),
        }
