"""The generator of ESRGAN: residual-in-residual dense blocks without batch norm.

Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCV Workshops
2018, https://arxiv.org/abs/1809.00219.

The parameter names are those of the official releases since Real-ESRGAN (``conv_first``,
``body.0.rdb1.conv1`` ... ``conv_last``), so spandrel, chaiNNer and ComfyUI load the files too. They
infer the number of filters and blocks from the shapes but take 32 growth channels for granted, which is
why ``growth_channels`` is a constant here and not a parameter.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["RRDBNet"]

GROWTH_CHANNELS = 32
RESIDUAL_SCALE = 0.2
NEGATIVE_SLOPE = 0.2
# The paper initialises residual branches with a tenth of He's standard deviation.
INIT_SCALE = 0.1


def conv3x3(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)


def activate(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, NEGATIVE_SLOPE, inplace=True)


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each reading everything before it; (B, C, H, W) to the same shape."""

    def __init__(self, num_filters: int) -> None:
        super().__init__()
        grow = GROWTH_CHANNELS
        self.conv1 = conv3x3(num_filters, grow)
        self.conv2 = conv3x3(num_filters + grow, grow)
        self.conv3 = conv3x3(num_filters + 2 * grow, grow)
        self.conv4 = conv3x3(num_filters + 3 * grow, grow)
        self.conv5 = conv3x3(num_filters + 4 * grow, num_filters)
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5):
            nn.init.kaiming_normal_(conv.weight)
            with torch.no_grad():
                conv.weight.mul_(INIT_SCALE)
                nn.init.zeros_(conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, activate(conv(seen))), dim=1)  # (B, C + 32 * n, H, W)
        out: Tensor = self.conv5(seen)
        return x + RESIDUAL_SCALE * out


class RRDB(nn.Module):
    """Three dense blocks inside one more residual connection; keeps the shape."""

    def __init__(self, num_filters: int) -> None:
        super().__init__()
        self.rdb1 = ResidualDenseBlock(num_filters)
        self.rdb2 = ResidualDenseBlock(num_filters)
        self.rdb3 = ResidualDenseBlock(num_filters)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return x + RESIDUAL_SCALE * out


class RRDBNet(nn.Module):
    """ESRGAN's generator for x4 super-resolution.

    Args:
        num_filters: Channels of the trunk (64 in the paper).
        num_blocks: Number of RRDBs (23 in the paper).

    Shape:
        Input (B, 3, H, W), floating point, RGB in [0, 1]; output (B, 3, 4H, 4W), same dtype, nominally
        in [0, 1] but not clipped.
    """

    scale = 4

    def __init__(self, *, num_filters: int = 64, num_blocks: int = 23) -> None:
        super().__init__()
        if num_filters < 1 or num_blocks < 1:
            raise ValueError(
                f"Expected at least one filter and one block, but got num_filters={num_filters}, "
                f"num_blocks={num_blocks}."
            )
        self.conv_first = conv3x3(3, num_filters)
        self.body = nn.Sequential(*(RRDB(num_filters) for _ in range(num_blocks)))
        self.conv_body = conv3x3(num_filters, num_filters)
        self.conv_up1 = conv3x3(num_filters, num_filters)
        self.conv_up2 = conv3x3(num_filters, num_filters)
        self.conv_hr = conv3x3(num_filters, num_filters)
        self.conv_last = conv3x3(num_filters, 3)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"Expected an input of shape (B, 3, H, W), but got {tuple(x.shape)}.")
        shallow = self.conv_first(x)  # (B, C, H, W)
        deep = shallow + self.conv_body(self.body(shallow))
        deep = activate(self.conv_up1(functional.interpolate(deep, scale_factor=2.0)))  # (B, C, 2H, 2W)
        deep = activate(self.conv_up2(functional.interpolate(deep, scale_factor=2.0)))  # (B, C, 4H, 4W)
        out: Tensor = self.conv_last(activate(self.conv_hr(deep)))  # (B, 3, 4H, 4W)
        return out
