"""Digits between page and server."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dni.digits.data.domains import SIDE
from dni.errors import DniError
from dni.transfer.depth import DepthLive
from dni.transfer.teacher import TeacherLive
from dni.ui.server_functions import encode

__all__ = ["first_samples", "ink_of", "pixels_of", "small_ink"]

# Base64 takes four letters for three bytes.
MAX_LETTERS = 4 * -(-SIDE * SIDE // 3)


def ink_of(encoded: str) -> Tensor:
    """Bytes (28, 28) in base64 to float32 (28, 28), 0 to 1.

    Raises:
        DniError: It is something else.
    """
    if len(encoded) > MAX_LETTERS:
        raise DniError(f"Expected at most {MAX_LETTERS} letters of ink, but got {len(encoded)}. Draw again.")
    try:
        ink = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise DniError("Expected ink in base64, but got something else. Draw again.") from error
    if len(ink) != SIDE * SIDE:
        raise DniError(f"Expected {SIDE}x{SIDE} bytes of ink, but got {len(ink)} bytes. Draw again.")
    return torch.from_numpy(np.frombuffer(ink, np.uint8).astype(np.float32) / 255).view(SIDE, SIDE)


def pixels_of(images: Tensor) -> str:
    """Float32 digits (N, 1, 28, 28), 0 to 1, as bytes (N, 28, 28) in base64."""
    return encode((images * 255).round().to(torch.uint8).numpy().tobytes())


def first_samples(live: DepthLive | TeacherLive) -> dict[str, Any]:
    """What a view of test digits shows first: where they come from, some of them, and what was measured."""
    return {
        "source": {
            "title": live.source.title,
            "isMnist": live.source.is_mnist,
            "count": len(live.labels),
        },
        "pixels": pixels_of(live.images[live.samples]),
        "labels": live.labels[live.samples].tolist(),
        "report": live.report,
    }


def small_ink(rgb: Tensor) -> Tensor:
    """A picture, uint8 (3, H, W), as ink, float32 (28, 28): the mean of its channels, resized by area."""
    grey = rgb.float().mean(dim=0) / 255
    return torch.nn.functional.adaptive_avg_pool2d(grey[None, None], SIDE)[0, 0]
