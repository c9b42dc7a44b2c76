"""The live pixel budget: how large a region this machine renders in the time of a live frame."""

from __future__ import annotations

import time

import torch

from dni.blending.mix_paths import first_end
from dni.rendering.renderer import Renderer
from dni.serving.regions import MAX_REGION_PIXELS

__all__ = ["MIN_LIVE_PIXELS", "live_pixel_budget"]

# A region is at least this large, however slow the machine: smaller ones show too little.
MIN_LIVE_PIXELS = 160 * 128
LIVE_SECONDS = 0.1
PROBE_SIDE = 96


def live_pixel_budget(renderer: Renderer) -> int:
    """How many input pixels are rendered in the time of a live frame, within bounds."""
    probe = torch.zeros(3, PROBE_SIDE, PROBE_SIDE, dtype=torch.uint8)
    seconds = []
    for _ in range(3):  # the first run also prepares; the fastest is the machine's
        started = time.perf_counter()
        renderer.render(probe, first_end(renderer.blend.num_ends))
        seconds.append(time.perf_counter() - started)
    pixels = int(LIVE_SECONDS / min(seconds) * PROBE_SIDE**2)
    return min(MAX_REGION_PIXELS, max(MIN_LIVE_PIXELS, pixels))
