"""DANN: domain-adversarial training of neural networks.

Ganin & Lempitsky, ICML 2015, https://arxiv.org/abs/1409.7495; Ganin et al., JMLR 2016,
https://arxiv.org/abs/1505.07818: a domain classifier reads the features through a layer that reverses its
gradient, so that the features lose what tells the domains apart. We deviate: the domain loss is the mean over
the digits of both domains, where the paper adds the means of the two; so its weight lambda counts half here,
and the domain classifier learns half as fast.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from dni.training.adaptation.losses import reversal_schedule, reverse_gradient
from dni.training.adaptation.methods.base import Batch, Losses, Method, classify
from models.digits import DigitClassifier, DomainClassifier

__all__ = ["Dann"]


class Dann(Method):
    """The domain classifier trains at full strength; the reversal weakens only what reaches the features."""

    id = "dann"
    iterations = 15000
    aligned = ("features",)

    def __init__(self, network: DigitClassifier) -> None:
        super().__init__(network)
        self.domain_classifier = DomainClassifier(network.num_features)

    def losses(self, batch: Batch, progress: float) -> Losses:
        features = self.network.features(torch.cat((batch.source, batch.target)))
        logits = self.network.classify(features[: len(batch.source)])
        domain = self.domain_classifier(reverse_gradient(features, reversal_schedule(progress)))
        is_target = torch.zeros_like(domain)
        is_target[len(batch.source) :] = 1
        return {
            "classify": classify(logits, batch.labels),
            "domain": functional.binary_cross_entropy_with_logits(domain.float(), is_target.float()),
        }
