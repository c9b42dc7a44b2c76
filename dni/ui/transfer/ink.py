"""Digits and letters that the page or a program sends."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dni.digits.data.domains import SIDE
from dni.errors import DniError
from dni.pictures.strips import over_level
from dni.transfer.depth import DepthLive
from dni.transfer.teacher import TeacherLive
from dni.ui.requests.uploads import open_upload
from dni.ui.server_functions import encode

__all__ = ["first_samples", "ink_of", "normalized_ink", "pixels_of", "uploaded_ink"]

# Base64 takes four letters for three bytes.
MAX_LETTERS = 4 * -(-SIDE * SIDE // 3)
# As in ink.js: of what MNIST's digits fill, and the least that is ink.
BOX_SIDE = 20
LEAST_AMOUNT = 0.02
# Larger pictures are reduced first: what follows takes some forty bytes for a pixel.
MOST_SIDE = 1024


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


def uploaded_ink(image: str | None, kind: str) -> Tensor:
    """An uploaded picture of a digit or letter as ink, float32 (28, 28), 0 to 1: as the page's pad gives it.

    Args:
        image: The file; None if there is none.
        kind: What it should show, "digit" or "letter", for errors.

    Raises:
        DniError: There is no picture, or it cannot be read, or it is of one brightness.
    """
    if image is None:
        raise DniError(f"Expected a picture of a {kind}, but got none. Send a file.")
    picture = open_upload(image)
    ink = normalized_ink(reduced(over_level(picture.rgb, picture.opacity, 0)))
    if ink is None:
        raise DniError(
            f"Expected a picture of a {kind}, bright on dark or dark on bright, but it has one brightness. "
            "Send one with ink and without transparency."
        )
    return ink


def reduced(rgb: Tensor) -> Tensor:
    """uint8 (3, H, W), with at most :data:`MOST_SIDE` pixels a side and at least one."""
    longest = max(rgb.shape[1:])
    if longest <= MOST_SIDE:
        return rgb
    size = [max(1, side * MOST_SIDE // longest) for side in rgb.shape[1:]]
    return functional.interpolate(rgb[None], size, mode="bilinear", antialias=True)[0]


def normalized_ink(rgb: Tensor) -> Tensor | None:
    """Ink as MNIST has it (LeCun et al., 1998), as ``web/adaptation/drawing/ink.js`` does it for the pad.

    The longer side of what is inked becomes 20 pixels, and its mass the middle of the field.

    Args:
        rgb: uint8 (3, H, W). Its edge is paper; what is brighter or darker is ink.

    Returns:
        float32 (28, 28), 0 to 1; None where there is no ink.
    """
    grey = rgb.double().mean(dim=0) / 255
    edge = torch.cat((grey[0], grey[-1], grey[:, 0], grey[:, -1])).median()
    ink = (grey - edge).abs() / torch.maximum(edge, 1 - edge)
    inked = ink >= LEAST_AMOUNT
    if not inked.any():
        return None
    rows, columns = (inked.any(dim=axis).nonzero()[:, 0] for axis in (1, 0))
    box = shrunk(ink, (int(rows[0]), int(columns[0])), (extent(rows), extent(columns)))
    field = torch.zeros(SIDE, SIDE)
    height, width = box.shape
    top, left = shift_of(box.sum(dim=1)), shift_of(box.sum(dim=0))
    field[top : top + height, left : left + width] = (255 * box + 0.5).floor() / 255
    return field


def extent(places: Tensor) -> int:
    return int(places[-1] - places[0]) + 1


def shrunk(ink: Tensor, start: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """A box of ink (H, W) with 20 pixels on its longer side, each the mean of what it covers."""
    scale = max(size) / BOX_SIDE
    rows, columns = (
        [span(begin + at * scale, scale, most) for at in range(max(1, half_up(length / scale)))]
        for begin, length, most in zip(start, size, ink.shape, strict=True)
    )
    return torch.stack(
        [torch.stack([ink[top:bottom, left:right].mean() for left, right in columns]) for top, bottom in rows]
    )


def span(start: float, length: float, most: int) -> tuple[int, int]:
    """At least one whole pixel."""
    first = int(start)
    return first, min(most, max(first + 1, half_up(start + length)))


def shift_of(amounts: Tensor) -> int:
    """Where a row of amounts (N,) begins so that their centre of mass is in the middle, where they fit."""
    middle = (torch.arange(len(amounts)) + 0.5).double() @ amounts / amounts.sum()
    return min(SIDE - len(amounts), max(0, half_up(SIDE / 2 - float(middle))))


def half_up(number: float) -> int:
    """As JavaScript rounds."""
    return math.floor(number + 0.5)
