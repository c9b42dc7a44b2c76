"""The cost of a frame relative to the bare forward pass of the same network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dni.benchmarking.clock import Row, alternate, median_of, ratio_of
from dni.benchmarking.machine import sample_picture
from dni.blending.interpolate import interpolate
from dni.blending.shares import Mix, shares_of
from dni.checkpoints.image_network import ImageNetwork
from dni.device import DTYPES, Precision
from dni.rendering.renderer import Renderer

__all__ = ["bundled_ladder", "frame_row", "mixes", "network_input"]

# Targets: as many times the bare forward pass at most.
TWO_ENDS, MORE_ENDS = 1.05, 1.10


def bundled_ladder(states: Sequence[Mapping[str, Tensor]], num_ends: int) -> list[dict[str, Tensor]]:
    """Any number of ends from a pair: blends of the two at equal distances, from the first to the second."""
    return [interpolate(states, shares_of(index / (num_ends - 1))) for index in range(num_ends)]


def mixes(num_ends: int, count: int) -> list[Mix]:
    """Mixes in which every end has a share, always the same ones."""
    generator = torch.Generator().manual_seed(0)
    raw = torch.rand(count, num_ends, generator=generator, dtype=torch.float64) + 0.1
    return [Mix.of(shares) for shares in (raw / raw.sum(1, keepdim=True)).tolist()]


def network_input(rgb: Tensor, renderer: Renderer) -> Tensor:
    """What the network sees of a picture uint8 (3, H, W): (1, 3, H, W) in the renderer's precision."""
    inputs = rgb[None].to(renderer.device, DTYPES[renderer.precision]).div(255)
    return inputs.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def frame_row(
    network: ImageNetwork,
    states: Sequence[Mapping[str, Tensor]],
    *,
    name: str,
    precision: Precision,
    device: torch.device,
    rounds: int = 20,
    size: tuple[int, int] = (120, 125),
) -> Row:
    """Set a new mix, run the network on a picture, get a picture: against running the network alone.

    Args:
        network: Takes any RGB input; it is converted and does not come back.
        states: Its ends.
        name: What to call the pair.
        precision: For both.
        device: Where to run both.
        rounds: How often to time both, in turn.
        size: Height and width of the picture.
    """
    renderer = Renderer(network, states, precision=precision, device=device)
    rgb = sample_picture(*size)
    inputs, wanted = network_input(rgb, renderer), mixes(len(states), rounds + 1)
    jobs = {
        "bare": lambda _: renderer.network.module(inputs),
        "frame": lambda number: renderer.render(rgb, wanted[number]),
    }
    times = alternate(jobs, rounds=rounds, device=device)
    return Row(
        f"frame / bare forward pass: {name}, {len(states)} ends, {renderer.precision}",
        ratio_of(times, "frame", "bare"),
        f"{median_of(times, 'frame'):.1f} ms / {median_of(times, 'bare'):.1f} ms, {size[1]}x{size[0]} input",
        TWO_ENDS if len(states) == 2 else MORE_ENDS,
    )
