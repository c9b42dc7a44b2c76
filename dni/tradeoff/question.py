"""What to measure of a picture along a blend: which part, against which reference, between which mixes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from dni.errors import DniError
from dni.mix import Mix
from dni.recipes.order import Crop
from dni.tradeoff.quality import reduce_bicubic

__all__ = ["Kind", "Question", "Subject", "choose_mixes", "choose_subject"]

Kind = Literal["reference", "reduced", "proxy"]

NUM_POINTS = 11
# Measured pixels of the input by default: a few seconds on two cores.
MAX_PIXELS = 160 * 160
# SSIM's window and the extractor's strides need this much.
MIN_SIDE = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What to measure.

    Attributes:
        reference: What the result should be, uint8 (3, scale * H, scale * W); up to ``scale - 1`` rows and
            columns more are cut off at the bottom and the right.
        reduce_first: Reduce the picture by the network's scale and take it as its own reference.
        start, stop: The two mixes; for two ends by default end A and end B.
        num_points: In how many even steps, ends included.
        crop: Which part, in pixels of the picture; all by default.
        max_pixels: Of a larger part only the middle is measured; in pixels of what the network is given.
        extractor: For perceptual distance; see :func:`dni.perceptual.load_extractor`.
    """

    reference: Tensor | None = None
    reduce_first: bool = False
    start: Mix | None = None
    stop: Mix | None = None
    num_points: int = NUM_POINTS
    crop: Crop | None = None
    max_pixels: int = MAX_PIXELS
    extractor: nn.Module | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What a question is about.

    Attributes:
        kind: Where the reference comes from.
        given: What the network is given, uint8 (3, h, w), whole, so that it sees the surroundings.
        crop: The part of ``given`` that is measured.
        reference: The truth for that part, uint8 (3, scale * height, scale * width), or None.
        unit: How many pixels of the picture are one of ``given``.
    """

    kind: Kind
    given: Tensor
    crop: Crop
    reference: Tensor | None
    unit: int

    @property
    def crop_of_picture(self) -> Crop:
        """What is measured, in pixels of the picture."""
        return scaled(self.crop, self.unit)

    @property
    def input_part(self) -> Tensor:
        """What the network is given of the crop, uint8 (3, height, width)."""
        return cut(self.given, self.crop)


def choose_subject(rgb: Tensor, question: Question, *, scale: int) -> Subject:
    """What the network is given, and what its results are compared with.

    Args:
        rgb: The picture, uint8 (3, H, W).
        question: What to measure.
        scale: The network's.

    Raises:
        DniError: The reference or the crop does not fit the picture, or too little of it is left.
    """
    kind, given, reference = match(rgb, question, scale=scale)
    unit = scale if kind == "reduced" else 1
    crop = choose_crop(given, question, unit=unit)
    if reference is not None:
        reference = cut(reference, scaled(crop, scale))
    return Subject(kind=kind, given=given, crop=crop, reference=reference, unit=unit)


def match(rgb: Tensor, question: Question, *, scale: int) -> tuple[Kind, Tensor, Tensor | None]:
    """The kind, the network's whole input, and the whole truth for it."""
    reference = question.reference
    if question.reduce_first:
        if reference is not None:
            raise DniError("Expected a reference or to reduce first, but got both. Choose one.")
        original = reducible(rgb, scale)
        return "reduced", reduce_bicubic(original, scale), original
    if reference is None:
        return "proxy", rgb, None
    height, width = (side * scale for side in rgb.shape[1:])
    if not (0 <= reference.shape[1] - height < scale and 0 <= reference.shape[2] - width < scale):
        raise DniError(
            f"Expected a reference of {width}x{height}, but got {reference.shape[2]}x{reference.shape[1]}. "
            "Give the picture that this one was reduced from."
        )
    return "reference", rgb, cut(reference, (0, 0, width, height))


def reducible(rgb: Tensor, scale: int) -> Tensor:
    """The picture without the rows and columns that a reduction by ``scale`` would divide."""
    if scale == 1:
        raise DniError(
            "Expected a network that enlarges, but this one keeps the size, so that reducing the picture "
            "first tests nothing. Give a reference."
        )
    height, width = (side // scale * scale for side in rgb.shape[1:])
    if min(height, width) < MIN_SIDE * scale:
        raise too_small(rgb.shape[2], rgb.shape[1], unit=scale)
    return cut(rgb, (0, 0, width, height))


def choose_crop(given: Tensor, question: Question, *, unit: int) -> Crop:
    """The part of ``given`` to measure: what is asked for, or its middle where that is too large."""
    whole_height, whole_width = given.shape[1:]
    crop = question.crop or (0, 0, whole_width * unit, whole_height * unit)
    left, top, width, height = (value // unit for value in crop)
    if not (0 <= left <= left + width <= whole_width and 0 <= top <= top + height <= whole_height):
        raise DniError(
            f"Expected a crop inside the {whole_width * unit}x{whole_height * unit} picture, but got "
            f"{crop[2]}x{crop[3]} at ({crop[0]}, {crop[1]}). Move it or make it smaller."
        )
    if min(width, height) < MIN_SIDE:
        raise too_small(crop[2], crop[3], unit=unit)
    shrink = min(1.0, math.sqrt(question.max_pixels / (width * height)))
    smaller_width, smaller_height = (max(MIN_SIDE, int(side * shrink)) for side in (width, height))
    left, top = left + (width - smaller_width) // 2, top + (height - smaller_height) // 2
    return left, top, smaller_width, smaller_height


def too_small(width: int, height: int, *, unit: int) -> DniError:
    side = MIN_SIDE * unit
    return DniError(
        f"Expected at least {side}x{side} pixels to measure, but got {width}x{height}. Take a larger part."
    )


def choose_mixes(question: Question, *, num_ends: int) -> tuple[Mix, Mix]:
    """The first and the last mix.

    Raises:
        DniError: They are not given, and there are not two ends.
    """
    start, stop = question.start, question.stop
    if (start is None or stop is None) and num_ends != 2:
        raise DniError(f"Expected two mixes for {num_ends} ends, but got none. Give start and stop.")
    return start or Mix.of_alpha(0), stop or Mix.of_alpha(1)


def cut(rgb: Tensor, crop: Crop) -> Tensor:
    left, top, width, height = crop
    return rgb[:, top : top + height, left : left + width]


def scaled(crop: Crop, scale: int) -> Crop:
    left, top, width, height = crop
    return left * scale, top * scale, width * scale, height * scale
