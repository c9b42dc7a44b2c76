"""The short benchmark behind ``dni bench``: bundled weights only, under a minute on two cores."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from dni.benchmarking.clock import Row, skipped
from dni.benchmarking.frame import bundled_ladder, frame_row, network_input
from dni.benchmarking.gpu import gpu_rows
from dni.benchmarking.machine import precisions, sample_picture
from dni.benchmarking.rate import convolution_rows
from dni.benchmarking.rebuild import rebuild_row
from dni.benchmarking.setting import random_rrdb, setting_row
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.builders.own_networks import as_image_network
from dni.checkpoints.networks import load_ends
from dni.device import best_device, best_precision
from dni.rendering.renderer import Renderer

__all__ = ["frame_rows", "quick_rows", "setting_rows"]

MORE_ENDS = 8
ON_CPU = "python -m benchmarks.engine measures the large network; it takes minutes"


def quick_rows(pair: str, *, device: torch.device | None = None, rounds: int = 15) -> Iterator[Row]:
    """Measure, line by line.

    Args:
        pair: A pair of the catalogue with two ends.
        device: The GPU if there is one.
        rounds: How often to time each thing.
    """
    device = device or best_device()
    yield from frame_rows(pair, device=device, rounds=rounds)
    yield from setting_rows(device, rounds=rounds)
    yield from rate_rows(pair, device=device, rounds=max(2, rounds // 3))
    yield rebuild_row(end_paths(find_pair(pair)), name=pair, device=device, rounds=max(2, rounds // 3))
    if device.type == "cuda":
        network, states = random_rrdb(2)
        precision = best_precision(device)
        large = as_image_network(network)
        yield from gpu_rows(large, states, precision=precision, device=device, sides=(128,), rounds=rounds)
    else:
        yield skipped("new alphas a second on a GPU: RRDB", "no GPU")
    yield skipped("two processes / new alpha: RRDB", ON_CPU)


def frame_rows(pair: str, *, device: torch.device, rounds: int) -> Iterator[Row]:
    """A frame with two ends and with eight, in every precision of the device."""
    for precision in precisions(device):
        for num_ends in (2, MORE_ENDS):
            network, states = load_ends(end_paths(find_pair(pair)))
            ends = states if num_ends == 2 else bundled_ladder(states, num_ends)
            yield frame_row(network, ends, name=pair, precision=precision, device=device, rounds=rounds)


def setting_rows(device: torch.device, *, rounds: int) -> Iterator[Row]:
    """Setting alpha of the large network, in every precision of the device."""
    for precision in precisions(device):
        network, states = random_rrdb(2)
        yield setting_row(network, states, precision=precision, device=device, rounds=rounds)


def rate_rows(pair: str, *, device: torch.device, rounds: int) -> list[Row]:
    """The rate of the pair's network in the fastest precision."""
    network, states = load_ends(end_paths(find_pair(pair)))
    renderer = Renderer(network, states, device=device)
    inputs = network_input(sample_picture(120, 125), renderer)
    return convolution_rows(
        network.module, inputs, name=pair, precision=renderer.precision, rounds=rounds, sides=(2048,)
    )
