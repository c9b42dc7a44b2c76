"""How much of a picture the midpoint test renders: as much as this machine can in bounded time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import comb

from torch import Tensor

from dni.blending.mix_paths import first_end
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer

__all__ = ["LARGEST_CROP", "SECONDS", "affordable_crop", "middle"]

# Large enough for texture and edges, small enough for a second on a processor with most networks.
LARGEST_CROP = 96
# Smaller ones hold too little texture to judge by.
SMALLEST_CROP = 48
TRIAL_CROP = 32
STEP = 16
# For all pictures of a test.
SECONDS = 10.0


def middle(rgb: Tensor, side: int) -> Tensor:
    """The middle of a picture (3, H, W): (3, at most side, at most side)."""
    top, left = (max(0, each - side) // 2 for each in rgb.shape[1:])
    return rgb[:, top : top + side, left : left + side]


def affordable_crop(renderer: Renderer, rgb: Tensor, seconds: float, *, control: RenderControl) -> int:
    """The side of the square whose test takes about so many seconds, by rendering a small one.

    Args:
        renderer: The blend; each two of its ends are tested, and the centre of more than two.
        rgb: The picture, uint8 (3, H, W).
        seconds: For all renders of the test.
        control: Its slots and cancellation; the time spent waiting for a slot does not count.

    Returns:
        A multiple of 16, from 48 to 96.
    """
    took = 0.0

    @contextmanager
    def timed() -> Iterator[None]:
        nonlocal took
        with control.slot():
            start = time.perf_counter()
            yield
            took = time.perf_counter() - start

    count = renderer.blend.num_ends
    trial = middle(rgb, TRIAL_CROP)
    own = RenderControl(slot=timed, cancelled=control.cancelled)
    renderer.render(trial, first_end(count), control=own)
    pictures = count + comb(count, 2) + (count > 2)
    pixels = trial.shape[1] * trial.shape[2] * seconds / max(pictures * took, 1e-9)
    side = int(min(pixels, LARGEST_CROP**2) ** 0.5) // STEP * STEP
    return max(SMALLEST_CROP, side)
