"""A network from one image to one image, whoever built it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

__all__ = ["ImageNetwork"]


@dataclass(frozen=True)
class ImageNetwork:
    """A network from one image to one image, ready to run.

    Attributes:
        module: In evaluation mode, float32, on the CPU, without gradients. Takes (B, input_channels, H, W)
            in [0, 1]; gives (B, output_channels, scale * H, scale * W), nominally in [0, 1], not clipped.
        architecture: The name to show.
        scale: Output pixels for an input pixel, along each side.
        input_channels: 3 for RGB, 1 for grey.
        output_channels: Likewise.
        minimum_size: The smallest height and width of an input.
        multiple_of: What an input's height and width must be divisible by.
        square: Whether an input's height and width must be equal.
        supports_bfloat16: Whether it still works when converted to bfloat16.
        purpose: "super-resolution", "restoration", or what it is for: "faces", "dehazing", "low light".
        execution_order: Its tensors in the order of first use, by
            :func:`dni.checkpoints.probe.execution_order`; None where that was not measured.
    """

    module: nn.Module
    architecture: str
    scale: int
    input_channels: int
    output_channels: int
    minimum_size: int
    multiple_of: int
    square: bool
    supports_bfloat16: bool
    purpose: str = "super-resolution"
    execution_order: Mapping[str, int] | None = field(default=None, hash=False)
