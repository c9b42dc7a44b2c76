"""The live pixel budget: how large a region this machine renders in the time of a live frame."""

from __future__ import annotations

import time

import torch

from dni.blending.mix_paths import first_end
from dni.device import Precision
from dni.rendering.renderer import Renderer
from dni.serving.regions import MAX_LIVE_PIXELS

__all__ = ["MIN_LIVE_PIXELS", "export_seconds", "live_pixel_budget"]

# A region is at least this large, however slow the machine: smaller ones show too little.
MIN_LIVE_PIXELS = 160 * 128
LIVE_SECONDS = 0.1
# The larger one where the smaller one takes so little that most of it is not the pixels'.
PROBE_SIDES = (96, 256)
QUICK_SECONDS = LIVE_SECONDS / 4


def live_pixel_budget(renderer: Renderer) -> int:
    """How many input pixels are rendered in the time of a live frame, within bounds."""
    pixels = 0
    for side in PROBE_SIDES:
        seconds = probe_seconds(renderer, side)
        pixels = int(LIVE_SECONDS / seconds * side**2)
        if seconds > QUICK_SECONDS:
            break
    return min(MAX_LIVE_PIXELS, max(MIN_LIVE_PIXELS, pixels))


def export_seconds(pixels: int, live_pixels: int, *, precision: Precision) -> float:
    """About how long a whole picture takes in float32, which results are rendered in.

    Args:
        pixels: The picture's, before it is enlarged.
        live_pixels: Of :func:`live_pixel_budget`, in the precision of frames.
        precision: That precision.
    """
    slower = 2.0 if precision == "bfloat16" else 1.0
    return pixels / live_pixels * LIVE_SECONDS * slower


def probe_seconds(renderer: Renderer, side: int) -> float:
    """The time of a square picture; the fastest of three, since the first run also prepares."""
    probe = torch.zeros(3, side, side, dtype=torch.uint8)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        renderer.render(probe, first_end(renderer.blend.num_ends))
        seconds.append(time.perf_counter() - started)
    return min(seconds)
