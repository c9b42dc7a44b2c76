"""The discriminators of a run with what trains them: ESRGAN's, and Real-ESRGAN's U-net.

Wang et al., "ESRGAN", ECCV Workshops 2018, https://arxiv.org/abs/1809.00219: a relativistic loss for each
patch. Wang et al., "Real-ESRGAN", ICCV Workshops 2021, https://arxiv.org/abs/2107.10833: the plain GAN loss
for each pixel, of a U-net with spectral norm. How strongly the latter counts follows Esser et al., "Taming
Transformers for High-Resolution Image Synthesis", CVPR 2021, https://arxiv.org/abs/2012.09841, equation 7:
its gradient is scaled to a share of that of the other losses, so that no weight has to be found for each
network. We deviate: the gradients are compared at the generator's output instead of its last layer.
"""

from __future__ import annotations

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional

from dni.training.restoration.config import TrainConfig, set_learning_rate
from dni.training.restoration.losses import relativistic_discriminator_loss, relativistic_generator_loss
from models.discriminator import PATCH_SIZE, UNetDiscriminator, VGGDiscriminator

__all__ = ["Adversary", "UNetAdversary", "VGGAdversary", "balanced_gradient", "new_adversary", "same_crop"]


class Adversary:
    """A discriminator and its optimizer.

    Args:
        config: The run's; its instance noise and the critic's learning rate are read.
        accelerator: Of the run.
        critic: The discriminator.

    Attributes:
        critic, optimizer: As the accelerator prepared them; both are part of a run's state.
    """

    def __init__(self, config: TrainConfig, accelerator: Accelerator, critic: nn.Module) -> None:
        self.config, self.accelerator = config, accelerator
        critic = critic.to(memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(critic.parameters(), betas=(0.9, 0.99))
        self.critic, self.optimizer = accelerator.prepare(critic, optimizer)
        self.noise = torch.Generator(accelerator.device)

    def losses(self, output: Tensor, high: Tensor, *, factor: float, iteration: int) -> dict[str, Tensor]:
        """Update the discriminator, then ask it for the generator's loss.

        Args:
            output: Of the generator, float32 (B, 3, H, W), RGB in [0, 1].
            high: The true pictures, of the same shape.
            factor: Multiplies the learning rate.
            iteration: Of the run; with its seed it decides on what is random.

        Returns:
            "critic", and "adversarial", which carries a gradient to ``output``.
        """
        generator = np.random.default_rng((self.config.seed, iteration, 1))
        self.noise.manual_seed(int(generator.integers(2**31)))
        set_learning_rate(self.optimizer, self.config.critic_learning_rate * factor)
        output, high = self.crop(output, high, generator)
        self.critic.requires_grad_(True)
        loss = self.critic_loss(output.detach(), high)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.optimizer.step()
        self.critic.requires_grad_(False)
        return {"critic": loss.detach(), "adversarial": self.generator_loss(output, high)}

    def crop(self, output: Tensor, high: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """What the discriminator sees of both."""
        return output, high

    def critic_loss(self, output: Tensor, high: Tensor) -> Tensor:
        raise NotImplementedError

    def generator_loss(self, output: Tensor, high: Tensor) -> Tensor:
        raise NotImplementedError

    def logits(self, images: Tensor) -> Tensor:
        """Of images with a little noise: otherwise the discriminator wins by differences below what the eye
        sees, such as JPEG grain, and teaches the generator nothing else."""
        noise = torch.randn(images.shape, generator=self.noise, device=images.device)
        logits: Tensor = self.critic(images + self.config.instance_noise * noise)
        return logits.float()


class VGGAdversary(Adversary):
    """ESRGAN's, on crops of 128x128."""

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator, VGGDiscriminator())

    def crop(self, output: Tensor, high: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        return same_crop(output, high, PATCH_SIZE, generator)

    def critic_loss(self, output: Tensor, high: Tensor) -> Tensor:
        real, fake = self.logits(high), self.logits(output)
        return relativistic_discriminator_loss(real, fake)

    def generator_loss(self, output: Tensor, high: Tensor) -> Tensor:
        with torch.no_grad():
            real = self.logits(high)
        return relativistic_generator_loss(real, self.logits(output))


class UNetAdversary(Adversary):
    """Real-ESRGAN's."""

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator, UNetDiscriminator())

    def critic_loss(self, output: Tensor, high: Tensor) -> Tensor:
        # Both at once: spectral norm's estimate changes with every pass.
        real, fake = self.logits(torch.cat((high, output))).chunk(2)
        return functional.softplus(-real).mean() + functional.softplus(fake).mean()

    def generator_loss(self, output: Tensor, high: Tensor) -> Tensor:
        return functional.softplus(-self.logits(output)).mean()


def new_adversary(config: TrainConfig, accelerator: Accelerator) -> Adversary | None:
    """The one that a run's settings ask for."""
    if config.adversarial_share:
        return UNetAdversary(config, accelerator)
    return VGGAdversary(config, accelerator) if config.adversarial_weight else None


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


def same_crop(
    output: Tensor, high: Tensor, size: int, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A random (B, 3, size, size) crop of both. The extractor's pools and the discriminator's strides then
    never meet the generator's x4 grid in the same phase; in a fixed phase they print a lattice on it."""
    top, left = generator.integers(high.shape[-1] - size + 1, size=2)
    window = (..., slice(top, top + size), slice(left, left + size))
    return output[window], high[window]
