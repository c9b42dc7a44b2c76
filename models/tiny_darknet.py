"""Tiny Darknet, a small ImageNet classifier, as a frozen feature extractor.

Redmon, "Darknet: Open Source Neural Networks in C", 2013-2016, https://pjreddie.com/darknet/tiny-darknet/.
Plain convolutions with the batch norms folded in, LeakyReLU of slope 0.1, 2x2 max pools.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["TinyDarknet"]

# (kernel size, output channels) in order; None is a 2x2 max pool.
LAYERS: tuple[tuple[int, int] | None, ...] = (
    (3, 16), None, (3, 32), None,
    (1, 16), (3, 128), (1, 16), (3, 128), None,
    (1, 32), (3, 256), (1, 32), (3, 256), None,
    (1, 64), (3, 512), (1, 64), (3, 512),
)  # fmt: skip
NEGATIVE_SLOPE = 0.1


class TinyDarknet(nn.Module):
    """The convolutions of Tiny Darknet up to its last 3x3 layer.

    Shape:
        Input (B, 3, H, W), RGB in [0, 1], H and W at least 16; output: the features *before* activation
        of the seven 3x3 convolutions after the first, from (B, 32, H/2, W/2) to (B, 512, H/16, W/16).
    """

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        convolutions = []
        for layer in LAYERS:
            if layer is not None:
                kernel, width = layer
                convolutions.append(nn.Conv2d(channels, width, kernel, padding=kernel // 2))
                channels = width
        self.layers = nn.ModuleList(convolutions)

    def forward(self, x: Tensor) -> list[Tensor]:
        features: list[Tensor] = []
        convolutions = iter(self.layers)
        for layer in LAYERS:
            if layer is None:
                x = functional.max_pool2d(x, 2)
                continue
            x = next(convolutions)(x)
            if layer[0] == 3 and x.shape[1] > 16:
                features.append(x)
            x = functional.leaky_relu(x, NEGATIVE_SLOPE)
        return features
