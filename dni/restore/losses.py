"""The adversarial losses of ESRGAN's recipe.

Relativistic average GAN: Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019,
https://arxiv.org/abs/1807.00734, as used by ESRGAN (Wang et al., 2018). The discriminator tells whether a
real patch looks more real than the generated ones do on average.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["relativistic_discriminator_loss", "relativistic_generator_loss"]


def _relativistic_loss(raised: Tensor, lowered: Tensor) -> Tensor:
    """Cross-entropy that wants ``raised`` above the mean of ``lowered`` and the other way round."""
    above = functional.binary_cross_entropy_with_logits(raised - lowered.mean(), torch.ones_like(raised))
    below = functional.binary_cross_entropy_with_logits(lowered - raised.mean(), torch.zeros_like(lowered))
    return (above + below) / 2


def relativistic_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Logits (B, 1) of real and generated patches to a scalar; small when real > fake."""
    return _relativistic_loss(real, fake)


def relativistic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Logits (B, 1) to a scalar; small when fake > real. ``real`` carries no gradient to the generator."""
    return _relativistic_loss(fake, real.detach())
