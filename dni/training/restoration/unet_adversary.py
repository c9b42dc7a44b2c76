"""Real-ESRGAN's adversary: a U-net that judges every pixel, and how much the generator heeds it.

Wang et al., "Real-ESRGAN", ICCV Workshops 2021, https://arxiv.org/abs/2107.10833: the plain GAN loss of a
U-net with spectral norm. How strongly it counts follows Esser et al., "Taming Transformers for
High-Resolution Image Synthesis", CVPR 2021, https://arxiv.org/abs/2012.09841, equation 7: its gradient is
scaled to a share of that of the other losses, so that no weight has to be found for each network. We
deviate: the gradients are compared at the generator's output instead of its last layer.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional

from dni.training.restoration.config import TrainConfig, set_learning_rate
from models.discriminator import UNetDiscriminator

__all__ = ["UNetAdversary", "balanced_gradient"]


class UNetAdversary:
    """A discriminator, what trains it, and its opinion of the generator.

    Args:
        config: The run's; its instance noise and learning rate are read.
        accelerator: Of the run.

    Attributes:
        critic, optimizer: Both are part of a run's state.
    """

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        self.config, self.accelerator = config, accelerator
        critic = UNetDiscriminator().to(memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(critic.parameters(), betas=(0.9, 0.99))
        self.critic, self.optimizer = accelerator.prepare(critic, optimizer)
        self.noise = torch.Generator(accelerator.device)

    def update(self, output: Tensor, high: Tensor, *, factor: float, seed: int) -> Tensor:
        """One step of the discriminator on float32 (B, 3, H, W) pictures; its loss.

        ``factor`` multiplies the learning rate; ``seed`` is of the noise.
        """
        set_learning_rate(self.optimizer, self.config.critic_learning_rate * factor)
        self.noise.manual_seed(seed)
        self.critic.requires_grad_(True)
        # Both at once: spectral norm's estimate changes with every pass.
        real, fake = self.logits(torch.cat((high, output.detach()))).chunk(2)
        loss = functional.softplus(-real).mean() + functional.softplus(fake).mean()
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.optimizer.step()
        return loss.detach()

    def loss(self, output: Tensor) -> Tensor:
        """How far the generator's pictures are from being taken for real; a scalar."""
        self.critic.requires_grad_(False)
        return functional.softplus(-self.logits(output)).mean()

    def logits(self, images: Tensor) -> Tensor:
        """With a little noise on the pictures: otherwise differences below what the eye sees decide."""
        noise = torch.randn(images.shape, generator=self.noise, device=images.device)
        logits: Tensor = self.critic(images + self.config.instance_noise * noise)
        return logits.float()


def balanced_gradient(output: Tensor, *, main: Tensor, adversarial: Tensor, share: float) -> Tensor:
    """The gradient at ``output`` of ``main`` plus that of ``adversarial``, scaled to a share of its length.

    Args:
        output: Of the generator, with a graph to both losses.
        main: A scalar.
        adversarial: A scalar.
        share: Length of the second gradient, in lengths of the first.

    Returns:
        Of the shape of ``output``.
    """
    (wanted,) = torch.autograd.grad(main, output)
    (heeded,) = torch.autograd.grad(adversarial, output)
    scale = share * wanted.norm() / heeded.norm().clamp_min(torch.finfo(heeded.dtype).tiny)
    gradient: Tensor = wanted + scale * heeded
    return gradient
