"""``dni curve``: distortion and perception along alpha, and a suggested alpha."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dni.blending.mix_paths import first_end
from dni.blending.shares import Mix
from dni.checkpoints.networks import load_ends
from dni.cli.common import Ends, PairName, choose_ends, local_ends, tile_progress, with_option_groups
from dni.cli.rendering.mixing import Groups, Levels, MixWords, check_masked, mask_text, parse_crop
from dni.errors import DniError
from dni.metrics.perceptual import load_extractor
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.tradeoff.curve import Curve, measure_curve
from dni.tradeoff.quality import MEASURES
from dni.tradeoff.question import TradeoffRequest
from dni.tradeoff.suggestion import Suggestion, suggest

__all__ = ["curve"]


@dataclass(frozen=True, kw_only=True)
class CurveOptions:
    """What ``dni curve`` measures of a picture, and against what."""

    reference: Annotated[Path | None, typer.Option(help="What the result should look like.")] = None
    reduce_first: Annotated[
        bool, typer.Option("--reduce-first", help="Reduce the picture, and take it as the reference.")
    ] = False
    extractor: Annotated[
        str | None, typer.Option(help="For perceptual distance: 'vgg19' or a Tiny Darknet .safetensors file.")
    ] = None
    points: Annotated[int, typer.Option(min=2, help="Measured alphas, both ends included.")] = 11
    group: Groups = None
    mask: Annotated[
        Path | None, typer.Option(help="A picture: the blend is where it is white, the first end elsewhere.")
    ] = None
    outside_alpha: Annotated[float | None, typer.Option(help="Alpha where the mask is black.")] = None
    levels: Levels = None
    crop: Annotated[str | None, typer.Option(help="Only this part: LEFT,TOP,WIDTH,HEIGHT.")] = None

    def mixes(self) -> tuple[Mix, Mix]:
        """Where the curve begins and ends.

        Raises:
            DniError: A group of layers is not one, or an option needs a mask.
        """
        check_masked(self.mask, {"--outside-alpha": self.outside_alpha, "--levels": self.levels})
        return mix_at(0.0, self.group or ()), mix_at(1.0, self.group or ())

    def question(self, picture: Picture, start: Mix, stop: Mix) -> TradeoffRequest:
        """What to measure; see :func:`dni.tradeoff.curve.measure_curve`."""
        return TradeoffRequest(
            start=start,
            stop=stop,
            mask=None if self.mask is None else mask_text(self.mask, picture),
            levels=self.levels,
            outside=None if self.mask is None else outside_of(self.outside_alpha),
            reference=None if self.reference is None else open_picture(self.reference).rgb,
            reduce_first=self.reduce_first,
            num_points=self.points,
            crop=None if self.crop is None else parse_crop(self.crop),
            extractor=None if self.extractor is None else load_extractor(self.extractor),
        )


@with_option_groups
def curve(
    image: Annotated[Path, typer.Argument(help="A picture.")],
    *,
    pair: PairName = None,
    ends: Ends = None,
    options: CurveOptions,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a picture along alpha (two ends), and suggest an alpha with the reason."""
    chosen = choose_ends(pair, ends)
    check_two(len(chosen.ends))
    start, stop = options.mixes()
    picture = open_picture(image)
    question = options.question(picture, start, stop)
    renderer = Renderer(*load_ends(local_ends(chosen)))
    with tile_progress() as progress:
        control = RenderControl(progress=progress)
        measured = measure_curve(picture, renderer, question, control=control)
    advice = suggest(measured)
    typer.echo(to_json(measured, advice) if as_json else to_text(measured, advice))


def check_two(num_ends: int) -> None:
    if num_ends != 2:
        raise DniError(f"Expected two ends for a curve, but got {num_ends}. Choose two of them.")


def mix_at(alpha: float, groups: Sequence[str]) -> Mix:
    """The mix at an alpha; groups of layers keep their own shares, as with ``dni render``."""
    return MixWords(alpha=alpha, groups=groups).mix(num_ends=2, extrapolate=False)


def outside_of(alpha: float | None) -> Mix:
    """The mix where nothing is painted."""
    return first_end(2) if alpha is None else Mix.of_alpha(alpha)


def to_json(measured: Curve, advice: Suggestion) -> str:
    suggestion = {"alpha": advice.position, "reason": advice.reason}
    return json.dumps({**measured.to_dict(), "suggestion": suggestion}, indent=2)


def to_text(measured: Curve, advice: Suggestion) -> str:
    names = list(measured.points[0].measures)
    lines = [measured.title, ""]
    lines += [f"{name}: {MEASURES[name].name}, {MEASURES[name].detail}" for name in names]
    lines += ["", "  ".join(["alpha", *names])]
    for point in measured.points:
        cells = [f"{point.measures[name]:{len(name)}.4g}" for name in names]
        lines.append("  ".join([f"{point.position:5.2f}", *cells]))
    return "\n".join([*lines, "", f"Suggested alpha: {advice.position:.2f}. {advice.reason}"])
