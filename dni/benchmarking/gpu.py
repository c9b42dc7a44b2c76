"""Measurements on a GPU: blends per second, and a whole large picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from dni.benchmarking.clock import Row, alternate, median_of, ratio_of, wait_for
from dni.benchmarking.frame import mixes, network_input
from dni.benchmarking.machine import sample_picture
from dni.benchmarking.rate import count_flops, matrix_product
from dni.checkpoints.image_network import ImageNetwork
from dni.device import Precision
from dni.rendering.renderer import Renderer

__all__ = ["gpu_rows", "tf32", "whole_picture_row"]

ALPHAS_PER_SECOND = 150.0
SHARE_OF_PRODUCT = 0.5


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Let convolutions and matrix products in float32 use tensor cores with ten bits of precision, or not."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@torch.inference_mode()
def gpu_rows(
    network: ImageNetwork,
    states: Sequence[Mapping[str, Tensor]],
    *,
    precision: Precision,
    device: torch.device,
    sides: Sequence[int] = (128, 256, 512),
    rounds: int = 20,
    matrix_sides: tuple[int, ...] = (4096, 8192),
) -> list[Row]:
    """New alphas a second, picture to picture, and the rate of the forward pass against a matrix product.

    Args:
        network: It is converted and does not come back.
        states: Two ends.
        precision: Of the network and of the matrix product.
        device: Where both run.
        sides: Height and width of the inputs.
        rounds: How often to time everything, in turn.
        matrix_sides: The sizes of matrix to choose from.
    """
    renderer = Renderer(network, states, precision=precision, device=device)
    product = matrix_product(precision, device, matrix_sides)
    return [row for side in sides for row in side_rows(renderer, side, product, rounds=rounds)]


def side_rows(
    renderer: Renderer, side: int, product: tuple[Callable[[int], object], int], *, rounds: int
) -> list[Row]:
    """Both lines for one size of input."""
    module, rgb, wanted = renderer.network.module, sample_picture(side, side), mixes(2, rounds + 1)
    inputs = network_input(rgb, renderer)
    jobs: dict[str, Callable[[int], object]] = {
        "frame": lambda number: renderer.render(rgb, wanted[number]),
        "bare": lambda _: module(inputs),
        "product": product[0],
    }
    times = alternate(jobs, rounds=rounds, device=renderer.device)
    frame, bare = median_of(times, "frame"), median_of(times, "bare")
    flops = count_flops(module, inputs)
    rate, reference = flops / bare, product[1] / median_of(times, "product")
    where, fast = f"{side}x{side}, {renderer.precision}", renderer.precision == "bfloat16"
    return [
        Row(
            f"new alphas a second: {where}",
            1000 / frame,
            f"{frame:.2f} ms, of it {bare:.2f} ms the network",
            ALPHAS_PER_SECOND if fast else None,
            at_most=False,
        ),
        Row(
            f"rate / rate of a matrix product: {where}",
            ratio_of(times, "product", "bare") * flops / product[1],
            f"{rate / 1e9:.3g} / {reference / 1e9:.3g} TFLOP/s",
            SHARE_OF_PRODUCT if fast else None,
            at_most=False,
        ),
    ]


def whole_picture_row(renderer: Renderer, side: int) -> Row:
    """Seconds for a whole picture in tiles, and the device's peak memory."""
    rgb = sample_picture(side, side)
    device = renderer.device
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    started = time.perf_counter()
    renderer.render(rgb, mixes(renderer.blend.num_ends, 1)[0])
    wait_for(device)
    seconds = time.perf_counter() - started
    peak = f"{torch.cuda.max_memory_allocated(device) / 1e9:.2f} GB" if device.type == "cuda" else "not known"
    scaled = side * renderer.scale
    return Row(
        f"seconds for a whole picture: {side}x{side} to {scaled}x{scaled}, {renderer.precision}",
        seconds,
        f"peak memory on the device: {peak}",
    )
