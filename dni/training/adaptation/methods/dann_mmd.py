"""DaNN: domain adaptive neural network, the MMD regulariser of 2014 (not Ganin's DANN).

Ghifary et al., "Domain Adaptive Neural Networks for Object Recognition", PRICAI 2014,
https://arxiv.org/abs/1409.6041: cross-entropy plus the squared MMD (Gaussian kernel, median heuristic)
between the domains in the hidden layer. We deviate: their network has one hidden layer over raw pixels or
SURF, and their weight is 1000; ours regularises the first hidden layer of the common network.
"""

from __future__ import annotations

from torch import Tensor

from dni.training.adaptation.losses import mmd_squared
from dni.training.adaptation.methods.aligning import AligningMethod
from dni.training.adaptation.methods.base import Setting

__all__ = ["DannMmd"]


class DannMmd(AligningMethod):
    id = "dann_mmd"
    loss_name = "mmd"
    candidates = tuple(Setting(weight, ("fc1",)) for weight in (3.0, 10.0, 30.0, 100.0))

    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        return mmd_squared(source, target)
