"""Convolution throughput of the networks relative to the machine's matrix-product rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dni.benchmarking.clock import Row, alternate, median_of, ratio_of, wait_for
from dni.device import DTYPES, Precision

__all__ = ["convolution_rows", "count_flops", "matrix_product", "timed_convolutions"]

TARGET = 0.85
SIDES = (1024, 2048, 4096)


def count_flops(module: nn.Module, inputs: Tensor) -> int:
    """Floating-point operations of the convolutions and matrix products of one pass, two a multiply-add."""
    with FlopCounterMode(display=False) as counter:
        module(inputs)
    return int(counter.get_total_flops())


@contextmanager
def timed_convolutions(module: nn.Module, device: torch.device) -> Iterator[list[float]]:
    """Collect the seconds that each convolution takes while the block runs the network."""
    seconds: list[float] = []
    started = 0.0

    def before(*_: Any) -> None:
        nonlocal started
        wait_for(device)
        started = time.perf_counter()

    def after(*_: Any) -> None:
        wait_for(device)
        seconds.append(time.perf_counter() - started)

    layers = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_pre_hook(before) for layer in layers]
    hooks += [layer.register_forward_hook(after) for layer in layers]
    try:
        yield seconds
    finally:
        for hook in hooks:
            hook.remove()


def matrix_product(
    precision: Precision, device: torch.device, sides: tuple[int, ...] = SIDES
) -> tuple[Callable[[int], object], int]:
    """The square matrix product that this machine computes at the highest rate, and its operations."""
    rates = {}
    for side in sides:
        product = square_product(side, precision, device)
        times = alternate({"product": product}, rounds=3, device=device)
        rates[side] = 2 * side**3 / min(times["product"])
    best = max(rates, key=lambda side: rates[side])
    return square_product(best, precision, device), 2 * best**3


def square_product(side: int, precision: Precision, device: torch.device) -> Callable[[int], object]:
    left, right = (torch.randn(side, side).to(device, DTYPES[precision]) for _ in range(2))
    out = torch.empty_like(left)
    return lambda _: torch.mm(left, right, out=out)


@torch.inference_mode()
def convolution_rows(
    module: nn.Module,
    inputs: Tensor,
    *,
    name: str,
    precision: Precision,
    rounds: int = 10,
    sides: tuple[int, ...] = SIDES,
) -> list[Row]:
    """The rate of a forward pass, and of its convolutions alone, against that of a matrix product.

    Args:
        module: The network, on the device and in the precision of the inputs.
        inputs: (1, 3, H, W).
        name: What to call the network.
        precision: That of the inputs.
        rounds: How often to time both, in turn.
        sides: The sizes of matrix to choose from.
    """
    flops = count_flops(module, inputs)
    product, product_flops = matrix_product(precision, inputs.device, sides)
    times = time_passes(module, inputs, product, rounds=rounds)
    reference = product_flops / median_of(times, "product")
    rows = []
    for job, title, target in (
        ("convolutions", "convolutions alone", TARGET if inputs.device.type == "cpu" else None),
        ("pass", "whole forward pass", None),
    ):
        rate = flops / median_of(times, job)
        detail = f"{rate / 1e9:.2f} / {reference / 1e9:.2f} TFLOP/s, {median_of(times, job):.1f} ms"
        what = f"rate / rate of a matrix product: {name}, {title}, {precision}"
        share = ratio_of(times, "product", job) * flops / product_flops
        rows.append(Row(what, share, detail, target, at_most=False))
    return rows


def time_passes(
    module: nn.Module, inputs: Tensor, product: Callable[[int], object], *, rounds: int
) -> dict[str, list[float]]:
    """Milliseconds of a forward pass, of the convolutions in one, and of the product, in turn."""
    alone: list[float] = []

    def convolutions(_: int) -> None:
        with timed_convolutions(module, inputs.device) as seconds:
            module(inputs)
        alone.append(1000 * sum(seconds))

    jobs = {"pass": lambda _: module(inputs), "convolutions": convolutions, "product": product}
    return {**alternate(jobs, rounds=rounds, device=inputs.device), "convolutions": alone[1:]}
