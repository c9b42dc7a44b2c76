"""The compact VGG-style generator of Real-ESRGAN, whose work is all at low resolution.

Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data", ICCV
Workshops 2021, https://arxiv.org/abs/2107.10833; the network is ``SRVGGNetCompact`` of its releases
(https://github.com/xinntao/Real-ESRGAN). The parameter names are theirs, so spandrel, chaiNNer and ComfyUI
load the files too, with all sizes inferred.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SRVGGNetCompact"]

# Of He's standard deviation: the network starts near its nearest-neighbour skip.
LAST_INIT_SCALE = 0.1


class SRVGGNetCompact(nn.Module):
    """Enlarges RGB four times: float (B, 3, H, W) in [0, 1] to (B, 3, 4 H, 4 W), of about that range.

    Args:
        num_filters: Channels of each convolution.
        num_convs: Convolutions between the first and the last.
    """

    scale = 4

    def __init__(self, num_filters: int = 40, num_convs: int = 12) -> None:
        if num_filters < 1 or num_convs < 1:
            raise ValueError(
                f"Expected at least one filter and one convolution, but got {num_filters=} and {num_convs=}."
            )
        super().__init__()
        layers: list[nn.Module] = []
        for in_channels in (3, *[num_filters] * num_convs):
            conv = nn.Conv2d(in_channels, num_filters, kernel_size=3, padding=1)
            nn.init.kaiming_normal_(conv.weight, a=0.25)
            layers += [conv, nn.PReLU(num_filters)]
        last = nn.Conv2d(num_filters, 3 * self.scale**2, kernel_size=3, padding=1)
        nn.init.kaiming_normal_(last.weight)
        with torch.no_grad():
            last.weight.mul_(LAST_INIT_SCALE)
        self.body = nn.ModuleList([*layers, last])

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"Expected an input of shape (B, 3, H, W), but got {tuple(x.shape)}.")
        detail = x
        for layer in self.body:
            detail = layer(detail)
        return functional.pixel_shuffle(detail, self.scale) + functional.interpolate(
            x, scale_factor=self.scale, mode="nearest"
        )
