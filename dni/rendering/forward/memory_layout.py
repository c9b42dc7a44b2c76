"""The memory layout of a network: channels last where it runs so, since convolutions are faster then."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

__all__ = ["choose_layout", "set_layout"]

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def choose_layout(module: nn.Module, run: Callable[[torch.memory_format], object]) -> torch.memory_format:
    """Put the weights of convolutions into channels-last order, or back where the network refuses that.

    Args:
        module: Changed in place.
        run: Runs it on some picture in a layout; raises where it cannot.

    Returns:
        The layout to run the module in.
    """
    set_layout(module, torch.channels_last)
    try:
        run(torch.channels_last)
    except RuntimeError:  # a view of memory that is in another order
        set_layout(module, torch.contiguous_format)
        return torch.contiguous_format
    return torch.channels_last


@torch.no_grad()
def set_layout(module: nn.Module, layout: torch.memory_format) -> None:
    for layer in module.modules():
        if isinstance(layer, CONVOLUTIONS):
            layer.weight.data = layer.weight.data.contiguous(memory_format=layout)
