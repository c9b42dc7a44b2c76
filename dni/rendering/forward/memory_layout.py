"""The memory layout of a network: channels last where it runs so, since convolutions are faster then."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

__all__ = ["choose_layout", "set_layout"]

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def choose_layout(module: nn.Module, run: Callable[[torch.memory_format], bool]) -> torch.memory_format:
    """Put the weights of convolutions into channels-last order, or back where the network refuses that.

    Networks that draw random numbers stay in the usual order: ``torch.randn_like`` fills a tensor in the
    order of its memory, so that each pixel would get the number of another.

    Args:
        module: Changed in place.
        run: Runs it on some picture in a layout, and tells whether it drew random numbers; raises where it
            cannot.

    Returns:
        The layout to run the module in.
    """
    set_layout(module, torch.channels_last)
    try:
        if not run(torch.channels_last):
            return torch.channels_last
    except RuntimeError:  # a view of memory that is in another order
        pass
    set_layout(module, torch.contiguous_format)
    return torch.contiguous_format


@torch.no_grad()
def set_layout(module: nn.Module, layout: torch.memory_format) -> None:
    for layer in module.modules():
        if isinstance(layer, CONVOLUTIONS):
            layer.weight.data = layer.weight.data.contiguous(memory_format=layout)
