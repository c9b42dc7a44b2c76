"""The channels of a network: what it is given of a picture, and the picture that its output makes.

Networks of one channel get the brightness; the colours are enlarged alongside. Networks of four channels get
and give the opacity too.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.image_network import ImageNetwork

__all__ = ["check_channels", "from_output", "to_input"]

KNOWN_CHANNELS = (1, 3, 4)
# The luma of ITU-R BT.601, full range, as JPEG has it.
LUMA = (0.299, 0.587, 0.114)


def check_channels(network: ImageNetwork) -> None:
    """Raise :class:`CheckpointError` unless the network takes and gives what a picture has."""
    for direction, channels in (("in", network.input_channels), ("out", network.output_channels)):
        if channels not in KNOWN_CHANNELS:
            raise CheckpointError(
                f"Expected a network for pictures of 1, 3 or 4 channels, but this {network.architecture} has "
                f"{channels} {direction}. Choose another network."
            )


def to_input(picture: Tensor, channels: int) -> Tensor:
    """What a network of so many channels is given.

    Args:
        picture: (1, 3 or 4, h, w): red, green, blue and the opacity, in [0, 1].
        channels: 1, 3 or 4.

    Returns:
        (1, channels, h, w) in [0, 1].
    """
    if channels == 1:
        return luma(picture[:, :3])
    if channels == 4 and picture.shape[1] == 3:
        return torch.cat((picture, torch.ones_like(picture[:, :1])), dim=1)
    return picture[:, :channels]


def from_output(output: Tensor, picture: Tensor, *, channels: int) -> Tensor:
    """The picture that a network's output makes.

    Args:
        output: (1, 1, 3 or 4, scale * h, scale * w), about in [0, 1].
        picture: What :func:`to_input` was given.
        channels: What the network was given.

    Returns:
        (1, C, scale * h, scale * w): as many channels as the picture has, or one where the network gives grey
        for colours.
    """
    if output.shape[1] == 1 and channels == 1:
        rgb = picture[:, :3]
        colours = functional.interpolate(
            (rgb - luma(rgb)).float(), size=output.shape[-2:], mode="bicubic", align_corners=False
        )
        return output + colours
    return output[:, : picture.shape[1]]


def luma(rgb: Tensor) -> Tensor:
    """The brightness of (1, 3, h, w): (1, 1, h, w); bfloat16 could not hold its weights."""
    weights = torch.tensor(LUMA, device=rgb.device).view(1, 3, 1, 1)
    return (rgb.float() * weights).sum(dim=1, keepdim=True).to(rgb.dtype)
