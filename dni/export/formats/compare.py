"""Compares what a file gives in its own runtime with what we give, in levels of 8 bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dni.checkpoints.image_network import ImageNetwork
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.read import open_picture
from dni.rendering.forward.channels import to_input
from dni.rendering.forward.inputs import pad

__all__ = ["Runner", "difference", "example_input", "levels_of", "our_output"]

EXAMPLE = EXAMPLE_FOLDER / "astronaut.png"

# Takes float32 (1, C, H, W) in [0, 1] and gives float (1, C', scale * H, scale * W).
Runner = Callable[[NDArray[np.float32]], NDArray[np.floating]]


def example_input(network: ImageNetwork, height: int, width: int) -> Tensor:
    """The middle of an example photograph, repeated where that is too small, as the network takes it.

    Returns:
        float32 (1, C, height, width) in [0, 1].
    """
    rgb = open_picture(EXAMPLE).rgb
    rgb = rgb.repeat(1, -(-height // rgb.shape[1]), -(-width // rgb.shape[2]))
    top, left = (rgb.shape[1] - height) // 2, (rgb.shape[2] - width) // 2
    crop = rgb[None, :, top : top + height, left : left + width].float() / 255
    return to_input(crop, network.input_channels).contiguous()


@torch.no_grad()
def our_output(network: ImageNetwork, image: Tensor) -> Tensor:
    """What the network gives for float32 (1, C, H, W), here and in float32."""
    height, width = (side * network.scale for side in image.shape[-2:])
    output: Tensor = network.module(pad(image, network))
    return output[..., :height, :width]


def levels_of(output: Tensor) -> NDArray[np.int16]:
    """As the pixels of a file: clipped, 8 bits."""
    return output.float().clamp(0, 1).mul(255).round().numpy().astype(np.int16)


def difference(run: Runner, expected: Sequence[tuple[Tensor, Tensor]]) -> int:
    """The largest difference in levels of 8 bits over pictures and our outputs for them."""
    worst = 0
    for image, ours in expected:
        theirs = torch.from_numpy(np.array(run(image.numpy()), dtype=np.float32))
        if theirs.shape != ours.shape or not theirs.isfinite().all():
            return 255
        worst = max(worst, int(np.abs(levels_of(theirs) - levels_of(ours)).max()))
    return worst
