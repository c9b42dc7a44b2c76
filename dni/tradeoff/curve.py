"""The perception-distortion curve of a picture between two mixes (Blau and Michaeli, 2018).

Blau and Michaeli, "The Perception-Distortion Tradeoff", CVPR 2018, https://arxiv.org/abs/1711.06077: past
some point no method comes closer to the truth and looks more natural as well, and a blend walks along that
border. We deviate in what stands for perception, since one picture has no distribution to compare: the
perceptual distance (strictly a distortion, of features), or how far off the amount of fine texture is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn

from dni.blending.mix_paths import between, positions
from dni.blending.shares import Mix
from dni.export.sweeps.sweep import sweep_frames
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.tradeoff.quality import MEASURES, against_reference, without_reference
from dni.tradeoff.question import Kind, Subject, TradeoffRequest, choose_mixes, choose_subject, requests_of

__all__ = ["Curve", "Point", "measure_curve"]

TITLES: dict[Kind, str] = {
    "reference": "Measured against the reference.",
    "reduced": "Measured on your picture reduced x{scale} first: the original is the reference.",
    "proxy": "No reference: these are proxies. They say how the picture changes, not whether it is right.",
}
WITH_LAYERS = "With your layers: some have shares of their own."
WITH_MASK = "With your mask: outside it nothing changes."
NOTHING_PAINTED = "With your mask, but nothing is painted in the part that was measured."


@dataclass(frozen=True)
class Point:
    """One mix of a curve.

    Attributes:
        position: Where it is, from 0 (the first mix) to 1 (the last).
        mix: What was rendered; with a mask, inside of it.
        measures: Finite numbers by name; see :data:`dni.tradeoff.quality.MEASURES`.
    """

    position: float
    mix: Mix
    measures: dict[str, float]

    @property
    def alpha(self) -> float | None:
        """The share of the second of two ends in layers that no group names; None for more ends."""
        return self.mix.shares[1] if self.mix.num_ends == 2 else None


@dataclass(frozen=True)
class Curve:
    """A measured curve.

    Attributes:
        points: In order of position.
        kind: "reference", "reduced" (the picture was reduced first and is its own reference) or "proxy".
        title: What was measured against what, and with what, as sentences to show beside the curve.
        distortion: The name of the measure for one axis, how far from the truth.
        perception: The name of the measure for the other axis, how natural.
        crop: What was measured, in pixels of the given picture.
    """

    points: tuple[Point, ...]
    kind: Kind
    title: str
    distortion: str
    perception: str
    crop: Rectangle

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON knows it, with labels and units of the measures."""
        names = self.points[0].measures
        return {
            "kind": self.kind,
            "title": self.title,
            "distortion": self.distortion,
            "perception": self.perception,
            "crop": list(self.crop.values),
            "measures": {name: asdict(MEASURES[name]) for name in names},
            "points": [
                {"position": point.position, "alpha": point.alpha, **point.measures} for point in self.points
            ],
        }


def measure_curve(
    picture: Picture,
    renderer: Renderer,
    question: TradeoffRequest | None = None,
    *,
    control: RenderControl | None = None,
) -> Curve:
    """Render a picture in even steps from one mix to another, and measure every step.

    Groups of layers and a mask are honoured: what is measured is the picture that a render request for each
    step gives (:func:`dni.rendering.requests.render_request`), with what is outside of the mask.

    Args:
        picture: What to render; opacity is left out.
        renderer: The loaded ends.
        question: What to measure; by default proxies, from end A to end B.
        control: Progress in tiles of all steps, notices, cancellation and slots.

    Raises:
        DniError: The pictures do not fit each other or are too small, the mixes do not fit the renderer, or
            the mask cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    question, control = question or TradeoffRequest(), control or RenderControl()
    with control.slot():
        subject = choose_subject(picture.rgb, question, scale=renderer.scale)
    ends, steps = choose_mixes(question, renderer.blend), positions(question.num_points)
    mixes = [between(*ends, position) for position in steps]
    given = Picture(rgb=subject.given, opacity=None, name=picture.name)
    frames = sweep_frames(given, renderer, requests_of(mixes, question, subject), control=control)
    measures = measure_frames(frames, subject, scale=renderer.scale, extractor=question.extractor)
    distortion, perception = axes(subject, question)
    return Curve(
        points=tuple(Point(*each) for each in zip(steps, mixes, measures, strict=True)),
        kind=subject.kind,
        title=" ".join(describe(subject, mixes, scale=renderer.scale)),
        distortion=distortion,
        perception=perception,
        crop=subject.crop_of_picture,
    )


def describe(subject: Subject, mixes: Sequence[Mix], *, scale: int) -> Iterator[str]:
    """Sentences that say what was measured against what, and with what."""
    yield TITLES[subject.kind].format(scale=scale)
    if any(mix.groups for mix in mixes):
        yield WITH_LAYERS
    if subject.painted is not None:
        yield WITH_MASK if subject.painted else NOTHING_PAINTED


def axes(subject: Subject, question: TradeoffRequest) -> tuple[str, str]:
    """The names of the measures of distortion and of perception."""
    if subject.reference is None:
        return "consistency", "fine_share"
    return "psnr_y", "texture_error" if question.extractor is None else "perceptual_distance"


def measure_frames(
    frames: Iterator[Tensor], subject: Subject, *, scale: int, extractor: nn.Module | None
) -> list[dict[str, float]]:
    """The measures of each frame; the first frame is what changes are measured from."""
    given = as_batch(subject.input_part)
    reference = None if subject.reference is None else as_batch(subject.reference)
    first: Tensor | None = None
    measured = []
    for frame in frames:
        output = as_batch(frame)
        first = output if first is None else first
        if reference is None:
            measured.append(without_reference(output, first=first, given=given))
        else:
            measured.append(against_reference(output, reference, border=scale, extractor=extractor))
    return measured


def as_batch(rgb: Tensor) -> Tensor:
    """uint8 (3, H, W) to float (1, 3, H, W) in [0, 1]."""
    return rgb[None].float() / 255
