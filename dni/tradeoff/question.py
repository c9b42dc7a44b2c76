"""A trade-off request: which reference, which mixes and which part of a picture to measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from dni.blending.blend import Blend
from dni.blending.interpolate import check_groups
from dni.blending.shares import Mix
from dni.errors import DniError
from dni.export.sweeps.sweep import swept
from dni.masks.files import decode_mask
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import reduce_bicubic
from dni.recipes.render_request import RenderRequest
from dni.tradeoff.part import MIN_SIDE, choose_part, mask_of_part, too_small

__all__ = ["Kind", "Subject", "TradeoffRequest", "choose_mixes", "choose_subject", "requests_of"]

Kind = Literal["reference", "reduced", "proxy"]

NUM_POINTS = 11
# Measured pixels of the input by default: a few seconds on two cores.
MAX_PIXELS = 160 * 160


@dataclass(frozen=True, kw_only=True, eq=False)
class TradeoffRequest:
    """What to measure.

    Attributes:
        reference: What the result should be, uint8 (3, scale * H, scale * W); up to ``scale - 1`` rows and
            columns more are cut off at the bottom and the right.
        reduce_first: Reduce the picture by the network's scale and take it as its own reference.
        start, stop: The two mixes, with their groups of layers; for two ends by default end A and end B.
        num_points: In how many even steps, ends included.
        mask: Where these mixes are, as in a render request; everywhere by default. Where the picture is
            reduced first, it lies over what is left by :func:`reducible`.
        levels: With a mask, as in a render request.
        outside: With a mask, the mix where nothing is painted; ``start`` by default.
        crop: Which part, in pixels of the picture; all by default.
        max_pixels: Of a larger part only so much is measured, where most is painted or in its middle; in
            pixels of what the network is given.
        extractor: For perceptual distance; see :func:`dni.metrics.perceptual.load_extractor`.
    """

    reference: Tensor | None = None
    reduce_first: bool = False
    start: Mix | None = None
    stop: Mix | None = None
    num_points: int = NUM_POINTS
    mask: str | None = None
    levels: int | None = None
    outside: Mix | None = None
    crop: Rectangle | None = None
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
        painted: Whether anything of a mask is in that part; None without a mask.
    """

    kind: Kind
    given: Tensor
    crop: Rectangle
    reference: Tensor | None
    unit: int
    painted: bool | None

    @property
    def crop_of_picture(self) -> Rectangle:
        """What is measured, in pixels of the picture."""
        return self.crop.scaled(self.unit)

    @property
    def input_part(self) -> Tensor:
        """What the network is given of the crop, uint8 (3, height, width)."""
        return self.crop.cut(self.given)


def choose_subject(rgb: Tensor, question: TradeoffRequest, *, scale: int) -> Subject:
    """What the network is given, and what its results are compared with.

    Args:
        rgb: The picture, uint8 (3, H, W).
        question: What to measure.
        scale: The network's.

    Raises:
        DniError: The reference or the crop does not fit the picture, too little of it is left, or the mask
            cannot be read.
    """
    kind, given, reference = match(rgb, question, scale=scale)
    unit, size = scale if kind == "reduced" else 1, (given.shape[1], given.shape[2])
    mask = None if question.mask is None else decode_mask(question.mask)
    crop = choose_part(size, question.crop, unit=unit, max_pixels=question.max_pixels, mask=mask)
    return Subject(
        kind=kind,
        given=given,
        crop=crop,
        reference=None if reference is None else crop.scaled(scale).cut(reference),
        unit=unit,
        painted=None if mask is None else bool(mask_of_part(mask, crop, size=size, scale=scale).any()),
    )


def match(rgb: Tensor, question: TradeoffRequest, *, scale: int) -> tuple[Kind, Tensor, Tensor | None]:
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
    return "reference", rgb, Rectangle.whole(width, height).cut(reference)


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
    return Rectangle.whole(width, height).cut(rgb)


def choose_mixes(question: TradeoffRequest, blend: Blend) -> tuple[Mix, Mix]:
    """The first and the last mix.

    Raises:
        DniError: They are not given, and there are not two ends; or the blend has not all of their groups.
    """
    start, stop, num_ends = question.start, question.stop, blend.num_ends
    if (start is None or stop is None) and num_ends != 2:
        raise DniError(f"Expected two mixes for {num_ends} ends, but got none. Give start and stop.")
    start, stop = start or Mix.of_alpha(0), stop or Mix.of_alpha(1)
    for mix in (start, stop):
        check_groups(mix, blend.groups)  # here, before any work
    return start, stop


def requests_of(mixes: Sequence[Mix], question: TradeoffRequest, subject: Subject) -> list[RenderRequest]:
    """What to render of a subject, one request a mix.

    Raises:
        DniError: The mixes and what is outside of the mask have different numbers of ends, or there are
            levels or an outside without a mask.
    """
    if question.outside is not None and question.mask is None:
        raise DniError("Expected a mask for the mix outside of it, but got none. Give both or neither.")
    like = RenderRequest(
        mix=question.outside or mixes[0],
        brush=None if question.mask is None else mixes[0],
        mask=question.mask,
        levels=question.levels,
        crop=subject.crop,
    )
    return [swept(mix, like) for mix in mixes]
