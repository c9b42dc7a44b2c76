"""Discriminators: the VGG-style one of ESRGAN, and the U-net with spectral norm of Real-ESRGAN.

Wang et al., "ESRGAN", ECCV Workshops 2018, https://arxiv.org/abs/1809.00219 (after SRGAN, Ledig et al.,
CVPR 2017): pairs of 3x3 and strided 4x4 convolutions with batch norm, then two linear layers. We keep
the layout and halve the width, to match a generator of half the paper's filters.

Wang et al., "Real-ESRGAN", ICCV Workshops 2021, https://arxiv.org/abs/2107.10833 (after Schonfeld et al., "A
U-Net Based Discriminator for Generative Adversarial Networks", CVPR 2020): it answers for every pixel.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["UNetDiscriminator", "VGGDiscriminator"]

PATCH_SIZE = 128
NUM_HALVINGS = 5


def stage(in_channels: int, out_channels: int, *, norm_first: bool) -> list[nn.Module]:
    """One 3x3 convolution and one that halves the resolution."""
    layers: list[nn.Module] = [nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=not norm_first)]
    if norm_first:
        layers.append(nn.BatchNorm2d(out_channels))
    layers += [
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(out_channels, out_channels, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.LeakyReLU(0.2, inplace=True),
    ]
    return layers


class VGGDiscriminator(nn.Module):
    """Tells real patches from generated ones.

    Shape:
        Input (B, 3, 128, 128), RGB in [0, 1]; output (B, 1): the logit of "real".
    """

    def __init__(self, *, num_filters: int = 32) -> None:
        super().__init__()
        widths = [num_filters * factor for factor in (1, 2, 4, 8, 8)]
        layers: list[nn.Module] = []
        channels = 3
        for index, width in enumerate(widths):
            layers += stage(channels, width, norm_first=index > 0)
            channels = width
        self.features = nn.Sequential(*layers)
        side = PATCH_SIZE // 2**NUM_HALVINGS
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(channels * side * side, 100), nn.LeakyReLU(0.2), nn.Linear(100, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != (3, PATCH_SIZE, PATCH_SIZE):
            raise ValueError(f"Expected patches of shape (B, 3, 128, 128), but got {tuple(x.shape)}.")
        logits: Tensor = self.classifier(self.features(x))
        return logits


class UNetDiscriminator(nn.Module):
    """Tells at every pixel whether its surroundings are real or generated.

    Shape:
        Input (B, 3, H, W), RGB in [0, 1], sides divisible by 8; output (B, 1, H, W): the logits of "real".
    """

    def __init__(self, *, num_filters: int = 64) -> None:
        super().__init__()
        widths = [num_filters * factor for factor in (1, 2, 4, 8)]
        self.first = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            normed(nn.Conv2d(a, b, 4, stride=2, padding=1, bias=False)) for a, b in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(
            normed(nn.Conv2d(b, a, 3, padding=1, bias=False))
            for a, b in reversed(list(itertools.pairwise(widths)))
        )
        self.last = nn.Sequential(
            normed(nn.Conv2d(num_filters, num_filters, 3, padding=1, bias=False)),
            nn.LeakyReLU(0.2),
            normed(nn.Conv2d(num_filters, num_filters, 3, padding=1, bias=False)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(num_filters, 1, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        factor = 2 ** len(self.down)
        if x.ndim != 4 or x.shape[1] != 3 or any(side % factor for side in x.shape[2:]):
            raise ValueError(
                f"Expected (B, 3, H, W) with sides divisible by {factor}, but got {tuple(x.shape)}."
            )
        x = functional.leaky_relu(self.first(x), 0.2)
        skips = []
        for layer in self.down:
            skips.append(x)
            x = functional.leaky_relu(layer(x), 0.2)
        for layer in self.up:
            x = functional.interpolate(x, scale_factor=2, mode="bilinear")
            x = functional.leaky_relu(layer(x), 0.2) + skips.pop()
        logits: Tensor = self.last(x)
        return logits


def normed(convolution: nn.Conv2d) -> nn.Module:
    """With spectral norm (Miyato et al., ICLR 2018, https://arxiv.org/abs/1802.05957)."""
    module: nn.Module = spectral_norm(convolution)
    return module
