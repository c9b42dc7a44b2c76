"""The interface between a method of adaptation and the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.training.adaptation.losses import reversal_schedule
from models.digits import DigitClassifier

__all__ = ["Batch", "Losses", "Method", "Setting"]

MOMENTUM = 0.9

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """Half source, half target: float32 (B, 3, 28, 28) in [0, 1] and int64 (B,).

    ``target_labels`` is None unless the method says that it needs them.
    """

    source: Tensor
    labels: Tensor
    target: Tensor
    target_labels: Tensor | None = None


@dataclass(frozen=True)
class Setting:
    """What a method that aligns activations leaves open: the weight of its loss, and which layers."""

    weight: float
    layers: tuple[str, ...]


class Method(nn.Module):
    """A network in training, with whatever else the method trains beside it.

    A subclass sets ``id``, which is that of :mod:`dni.digits.methods`, and gives its losses; the training
    loop minimises their sum and exports :meth:`result`.
    """

    id: ClassVar[str]
    needs_target_labels: ClassVar[bool] = False
    iterations: ClassVar[int] = 3000
    # Of the large network, where it has fewer, since each takes as long as several of the small one.
    large_iterations: ClassVar[int | None] = None
    # Where the domains are drawn together, unless that is chosen.
    aligned: ClassVar[tuple[str, ...]] = ()
    # What the label-free rule of :mod:`..selection` chooses among.
    candidates: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, network: DigitClassifier) -> None:
        super().__init__()
        self.network = network
        self.generator = torch.Generator()  # of augmentations; the training loop seeds it before every batch

    @classmethod
    def steps(cls, size: str) -> int:
        """As many as a run has by default; ``size`` is "small" or "large"."""
        return cls.large_iterations or cls.iterations if size == "large" else cls.iterations

    def learning_rate(self, progress: float) -> float:
        """DANN's schedule, https://arxiv.org/abs/1505.07818, section 5.2.2."""
        return float(0.01 / (1 + 10 * progress) ** 0.75)

    def optimizer(self) -> torch.optim.Optimizer:
        """What updates the parameters; the training loop sets its learning rate."""
        return torch.optim.SGD(self.parameters(), lr=0.0, momentum=MOMENTUM)

    def losses(self, batch: Batch, progress: float) -> Losses:
        """The losses of a batch, weighted; ``progress`` runs from 0 to 1 over the training."""
        raise NotImplementedError

    def after_step(self) -> None:
        """Called after every update of the parameters."""

    def result(self) -> DigitClassifier:
        """The classifier to keep."""
        return self.network


def ramp(progress: float) -> float:
    """The weight of a regulariser over the training: DANN's schedule, from 0 to almost 1.

    At full weight from the first step, MMD and CORAL destroy what the ancestor knows before they align it.
    """
    return reversal_schedule(progress)


def classify(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits.float(), labels)
