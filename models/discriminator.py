"""The VGG-style discriminator of ESRGAN.

Wang et al., "ESRGAN", ECCV Workshops 2018, https://arxiv.org/abs/1809.00219 (after SRGAN, Ledig et al.,
CVPR 2017): pairs of 3x3 and strided 4x4 convolutions with batch norm, then two linear layers. We keep
the layout and halve the width, to match a generator of half the paper's filters.
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["VGGDiscriminator"]

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
