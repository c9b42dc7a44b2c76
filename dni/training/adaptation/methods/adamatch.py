"""AdaMatch with a mean teacher: self-training on consistent predictions.

Berthelot et al., "AdaMatch: A Unified Approach to Semi-Supervised Learning and Domain Adaptation", ICLR 2022,
https://arxiv.org/abs/2106.04732: labelled source digits, strongly augmented; unlabelled target digits whose
prediction under weak augmentation, aligned to the source's distribution of classes, teaches the strongly
augmented copy where it is confident relative to the source. We deviate: the teacher is the moving average of
the network (Tarvainen & Valpola, "Mean teachers", NeurIPS 2017, https://arxiv.org/abs/1703.01780); source
digits are mixed with target digits (Wu et al., "Dual Mixup Regularized Learning", ECCV 2020,
https://arxiv.org/abs/2007.03141), and learnt from in their strongly augmented copy alone, where the paper has
a weak one too; the distributions of classes are running averages (decay 0.99), where the paper takes those of
the batch; and logits are not interpolated at random, which AdaMatch needs for its batch norms, of which ours
has none.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dni.training.adaptation.augment import strong, weak
from dni.training.adaptation.methods.base import Batch, Losses, Method
from models.digits import NUM_CLASSES, DigitClassifier

__all__ = ["AdaMatch"]

TEACHER_DECAY = 0.999
DISTRIBUTION_DECAY = 0.99
RELATIVE_THRESHOLD = 0.9


class AdaMatch(Method):
    """The exported network is the teacher."""

    id = "adamatch"
    iterations = 8000
    large_iterations = 6000
    source_classes: Tensor
    target_classes: Tensor

    def __init__(self, network: DigitClassifier) -> None:
        super().__init__(network)
        average = get_ema_multi_avg_fn(TEACHER_DECAY)  # type: ignore[no-untyped-call]
        self.teacher = AveragedModel(network, multi_avg_fn=average)
        self.teacher.requires_grad_(False)
        uniform = torch.full((NUM_CLASSES,), 1 / NUM_CLASSES)
        self.register_buffer("source_classes", uniform.clone())
        self.register_buffer("target_classes", uniform.clone())

    def learning_rate(self, progress: float) -> float:
        return 0.03 * math.cos(progress * math.pi * 7 / 16)

    def losses(self, batch: Batch, progress: float) -> Losses:
        size = len(batch.source)
        target = weak(batch.target, self.generator)
        with torch.no_grad():
            taught = self.teacher(torch.cat((batch.source, target))).float().softmax(dim=1)
            labels, confident = self._pseudo_labels(taught[:size], taught[size:])
        share = 0.5 + 0.5 * torch.rand(size, generator=self.generator).to(target.device)
        mixed = torch.lerp(target, strong(batch.source, self.generator), share.view(-1, 1, 1, 1))
        logits = self.network(torch.cat((mixed, strong(batch.target, self.generator)))).float()
        teach = ramp(progress)
        return {
            "classify": (share * each(logits[:size], batch.labels)).mean(),
            "mixup": teach * ((1 - share) * confident * each(logits[:size], labels)).mean(),
            "consistency": teach * (confident * each(logits[size:], labels)).mean(),
        }

    def _pseudo_labels(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """From the teacher's probabilities (B, 10) of both domains: labels (B,) and whether to trust them."""
        self.source_classes.lerp_(source.mean(dim=0), 1 - DISTRIBUTION_DECAY)
        self.target_classes.lerp_(target.mean(dim=0), 1 - DISTRIBUTION_DECAY)
        aligned = target * self.source_classes / self.target_classes.clamp_min(1e-6)
        confidence, labels = (aligned / aligned.sum(dim=1, keepdim=True)).max(dim=1)
        threshold = RELATIVE_THRESHOLD * source.max(dim=1).values.mean()
        return labels, (confidence >= threshold).float()

    def after_step(self) -> None:
        self.teacher.update_parameters(self.network)

    def result(self) -> DigitClassifier:
        teacher = self.teacher.module
        assert isinstance(teacher, DigitClassifier)
        return teacher


def each(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of every digit, (B,)."""
    return functional.cross_entropy(logits, labels, reduction="none")


def ramp(progress: float) -> float:
    """AdaMatch's weight of the consistency loss: a half cosine from 0 to 1 over the first half."""
    return (1 - math.cos(min(math.pi, 2 * math.pi * progress))) / 2
