"""A small U-net that repaints a photograph: looks, noise and JPEG removal, paintings.

After Ronneberger et al., "U-Net", MICCAI 2015, https://arxiv.org/abs/1505.04597. We deviate where blending
parameters asks for it and where a slider has to be fast: no normalisation (statistics do not blend), strided
convolutions instead of pools, nearest enlargement and a convolution instead of a transposed one, whose
lattice shows (Odena et al., 2016, https://distill.pub/2016/deconv-checkerboard/), skips that are added
instead of concatenated, and residual blocks at an eighth of the size, where a pixel costs little. The
network gives a correction to its input. LeakyReLU, because ReLU left whole layers dead.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["LookUNet"]

NEGATIVE_SLOPE = 0.2
# Residual branches and the correction start at a tenth of He's standard deviation: near the identity, alive.
INIT_SCALE = 0.1
CHANNELS = (16, 32, 64, 96)


def activate(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, NEGATIVE_SLOPE)


def enlarge(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def scaled(conv: nn.Conv2d, scale: float) -> nn.Conv2d:
    """The convolution, initialised as He et al. (2015) do for LeakyReLU, its weights times ``scale``."""
    nn.init.kaiming_normal_(conv.weight, a=NEGATIVE_SLOPE)
    with torch.no_grad():
        conv.weight.mul_(scale)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv


def conv3x3(in_channels: int, out_channels: int, *, scale: float = 1.0) -> nn.Conv2d:
    return scaled(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1), scale)


def halve(in_channels: int, out_channels: int) -> nn.Conv2d:
    """A 4x4 convolution with stride 2: every input pixel is seen equally often, unlike with 3x3."""
    return scaled(nn.Conv2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1), 1.0)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a skip; keeps the shape (B, C, H, W)."""

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(num_channels, num_channels)
        self.conv2 = conv3x3(num_channels, num_channels, scale=INIT_SCALE)

    def forward(self, x: Tensor) -> Tensor:
        correction: Tensor = self.conv2(activate(self.conv1(x)))
        return x + correction


class LookUNet(nn.Module):
    """A photograph to a photograph of the same size.

    Args:
        channels: At full, half, quarter and eighth size.
        num_blocks: Residual blocks at an eighth of the size.

    Shape:
        Input (B, 3, H, W), floating point, RGB in [0, 1], H and W multiples of 8; output of the same shape
        and dtype, nominally in [0, 1] but not clipped. An output pixel depends on input at most 88 pixels
        away, so tiles with 88 pixels around are exact where they start at multiples of 8.
    """

    scale = 1
    size_multiple = 8

    def __init__(self, *, channels: tuple[int, int, int, int] = CHANNELS, num_blocks: int = 4) -> None:
        super().__init__()
        if min(channels) < 1 or num_blocks < 1:
            raise ValueError(
                f"Expected at least one channel and one block, but got channels={channels}, "
                f"num_blocks={num_blocks}."
            )
        full, half, quarter, eighth = channels
        self.conv_first = conv3x3(3, full)
        self.down1 = halve(full, half)
        self.down2 = halve(half, quarter)
        self.down3 = halve(quarter, eighth)
        self.body = nn.Sequential(*(ResidualBlock(eighth) for _ in range(num_blocks)))
        self.up1 = conv3x3(eighth, quarter)
        self.up2 = conv3x3(quarter, half)
        self.up3 = conv3x3(half, full)
        self.conv_hr = conv3x3(full, full)
        self.conv_last = conv3x3(full, 3, scale=INIT_SCALE)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != 3 or x.shape[2] % 8 or x.shape[3] % 8:
            raise ValueError(
                f"Expected an input of shape (B, 3, H, W), H and W multiples of 8, but got {tuple(x.shape)}."
            )
        full = activate(self.conv_first(x))  # (B, 16, H, W)
        half = activate(self.down1(full))  # (B, 32, H/2, W/2)
        quarter = activate(self.down2(half))  # (B, 64, H/4, W/4)
        deep = self.body(activate(self.down3(quarter)))  # (B, 96, H/8, W/8)
        deep = quarter + activate(self.up1(enlarge(deep)))
        deep = half + activate(self.up2(enlarge(deep)))
        deep = full + activate(self.up3(enlarge(deep)))
        correction: Tensor = self.conv_last(activate(self.conv_hr(deep)))  # (B, 3, H, W)
        return x + correction
