"""What a forward pass is given besides the picture: padding to a size that suits, and its random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from dni.checkpoints.image_network import ImageNetwork
from dni.rendering.tiles import round_up

__all__ = ["fixed_random_numbers", "pad", "random_state"]


@contextmanager
def fixed_random_numbers(unused: bool, device: torch.device) -> Iterator[None]:
    """Let a network that draws random numbers draw the same ones each time, and nobody else notice."""
    if unused:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        if device.type == "cpu":
            # Not torch.manual_seed, which also writes down the stack for a GPU that may never be used.
            torch.default_generator.manual_seed(0)
        else:
            torch.manual_seed(0)
        yield


def random_state(device: torch.device) -> Tensor:
    """Where a device's row of random numbers is: another after some were drawn; uint8 on the CPU."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def pad(inputs: Tensor, network: ImageNetwork) -> Tensor:
    """Extend to the right and below to a size that the network accepts, as spandrel does.

    By mirroring at the edge, and where the picture is too small for that by repeating its last pixels.
    """
    height, width = inputs.shape[-2:]
    target_height, target_width = (
        round_up(max(side, network.minimum_size), network.multiple_of) for side in (height, width)
    )
    if network.square:
        target_height = target_width = max(target_height, target_width)
    below, right = target_height - height, target_width - width
    if not below and not right:
        return inputs
    mirrored = min(right, width - 1), min(below, height - 1)
    inputs = functional.pad(inputs, (0, mirrored[0], 0, mirrored[1]), mode="reflect")
    return functional.pad(inputs, (0, right - mirrored[0], 0, below - mirrored[1]), mode="replicate")
