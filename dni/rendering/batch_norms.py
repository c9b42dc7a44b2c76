"""The statistics of a blend's batch norms, measured on a picture.

A batch norm keeps the mean and the variance of what its layer saw in training. What the layers of a blend
see is something else than the mean of what those of its ends saw, so interpolated statistics (which the paper
takes) are an approximation. They are measured again, as for averaged weights: Izmailov et al., "Averaging
Weights Leads to Wider Optima and Better Generalization", UAI 2018, https://arxiv.org/abs/1803.05407.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.blending.blend import Refine
from dni.checkpoints.image_network import ImageNetwork
from dni.rendering.tiles import round_up

__all__ = ["INTERPOLATED", "NOTHING_TO_MEASURE", "has_batch_norms", "statistics_of", "to_inputs"]

INTERPOLATED = (
    "This network has batch norms, and between the ends their statistics are only interpolated: "
    "--recompute-statistics measures the blend's own on a picture."
)
NOTHING_TO_MEASURE = (
    "--recompute-statistics changes nothing: this network has no batch norms, so there is nothing to measure."
)
CROP_SIDE = 64
# Along each side of a picture.
MAX_CROPS = 4
# A variance from fewer values says little; such a batch norm, behind a pooling, keeps what was interpolated.
MIN_VALUES = 64


def has_batch_norms(module: nn.Module) -> bool:
    """Whether any layer is a batch norm with statistics of its own."""
    return bool(batch_norms(module))


def batch_norms(module: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    return [
        layer
        for layer in module.modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is not None
    ]


def statistics_of(pictures: Sequence[Tensor], network: ImageNetwork) -> Refine:
    """What measures the statistics of a live network on pictures, for :func:`dni.blending.blend.refined`.

    Args:
        pictures: One or more, each uint8 (3, H, W) on the CPU; at most 16 crops of each are taken.
        network: What the live network takes.
    """
    side = round_up(max(CROP_SIDE, network.minimum_size), network.multiple_of)
    crops = torch.cat([crops_of(rgb, side) for rgb in pictures])
    return partial(measure, inputs=to_inputs(crops, network))


def to_inputs(crops: Tensor, network: ImageNetwork) -> Tensor:
    """What a network takes, float32 (N, C, side, side) in [0, 1], of crops uint8 (N, 3, side, side)."""
    inputs = crops.float() / 255
    if network.input_channels == 1:
        return inputs.mean(dim=1, keepdim=True)
    if network.input_channels == 4:
        return functional.pad(inputs, (0, 0, 0, 0, 0, 1), value=1.0)
    return inputs


def crops_of(rgb: Tensor, side: int) -> Tensor:
    """Up to 4x4 crops spread evenly over a picture: uint8 (N, 3, side, side); a small one is repeated."""
    height, width = (max(side, length) for length in rgb.shape[1:])
    repeats = (1, -(-height // rgb.shape[1]), -(-width // rgb.shape[2]))
    whole = rgb.repeat(repeats)[:, :height, :width]
    return torch.stack(
        [
            whole[:, top : top + side, left : left + side]
            for top in starts(height, side)
            for left in starts(width, side)
        ]
    )


def starts(length: int, side: int) -> list[int]:
    count = min(MAX_CROPS, -(-length // side))
    return [(length - side) * index // max(1, count - 1) for index in range(count)]


@torch.no_grad()
def measure(module: nn.Module, *, inputs: Tensor) -> None:
    """Run the network once; each batch norm takes the statistics of its input before it runs."""
    like = next(module.parameters())
    hooks = [layer.register_forward_pre_hook(take_statistics) for layer in batch_norms(module)]
    try:
        module(inputs.to(like.device, like.dtype))
    finally:
        for hook in hooks:
            hook.remove()


def take_statistics(layer: Any, inputs: tuple[Tensor, ...]) -> None:
    """A hook: the mean and the unbiased variance of every channel of (N, C, ...)."""
    values = inputs[0].transpose(0, 1).flatten(start_dim=1).float()  # (C, n)
    if values.shape[1] >= MIN_VALUES:
        layer.running_mean.copy_(values.mean(dim=1))
        layer.running_var.copy_(values.var(dim=1))
