"""The options of ``dni render`` that say what is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from dni.cli.common import Ends, Extrapolate, PairName, Shares
from dni.cli.rendering.mixing import (
    Density,
    Groups,
    Levels,
    Method,
    MixWords,
    Repair,
    Scales,
    Seed,
    method_of,
    parse_numbers,
)
from dni.errors import DniError
from dni.rendering.jobs import Bits

__all__ = ["RenderWords"]

# So many results of one picture can still be seen on its sheet.
MAX_ALPHAS = 101


@dataclass(frozen=True, kw_only=True)
class RenderWords:
    """The options of ``dni render`` that say what is rendered, as they were given."""

    pair: PairName = None
    ends: Ends = None
    recipe: Annotated[
        Path | None,
        typer.Option(help="Do the same again: a .json, or a picture or .safetensors that dni wrote."),
    ] = None
    alpha: Annotated[
        str | None,
        typer.Option(help="Share of the second end, 0 to 1; several with commas, as 0,0.5,1: a file each."),
    ] = None
    shares: Shares = None
    scales: Scales = None
    group: Groups = None
    method: Method = None
    density: Density = None
    seed: Seed = None
    repair: Repair = False
    mask: Annotated[Path | None, typer.Option(help="A picture: where it is white, the brush applies.")] = None
    brush_alpha: Annotated[float | None, typer.Option(help="As --alpha, where the mask is white.")] = None
    brush_shares: Annotated[str | None, typer.Option(help="As --shares, where the mask is white.")] = None
    brush_group: Annotated[list[str] | None, typer.Option(help="As --group, where the mask is white.")] = None
    levels: Levels = None
    crop: Annotated[str | None, typer.Option(help="Only this part: LEFT,TOP,WIDTH,HEIGHT.")] = None
    float32: Annotated[bool, typer.Option("--float32", help="Full precision.")] = False
    tile: Annotated[int | None, typer.Option(min=16, help="Side of a tile in input pixels.")] = None
    extrapolate: Extrapolate = False
    recompute_statistics: Annotated[
        bool, typer.Option("--recompute-statistics", help="Measure batch norms' statistics on the picture.")
    ] = False
    deep: Annotated[
        bool,
        typer.Option("--16-bit", help="Read and write 16 bits per channel (PNG, TIFF), in full precision."),
    ] = False

    @property
    def alphas(self) -> tuple[float, ...]:
        """The alphas of ``--alpha``: none, one, or several with commas.

        Raises:
            DniError: They are no numbers, one comes twice, or they are too many.
        """
        alphas = () if self.alpha is None else parse_numbers(self.alpha, "--alpha")
        if len(set(alphas)) < len(alphas) or len(alphas) > MAX_ALPHAS:
            raise DniError(f"Expected up to {MAX_ALPHAS} different numbers as --alpha, but got {self.alpha}.")
        return alphas

    @property
    def mixes(self) -> tuple[MixWords, ...]:
        """What was said about the mix, for each alpha; one where there is no alpha.

        Raises:
            DniError: The alphas, or the merge method and its numbers, cannot be used.
        """
        alphas = self.alphas
        words = MixWords(
            shares=self.shares,
            scales=self.scales,
            groups=self.group or (),
            repair=self.repair,
            method=method_of(self.method, self.density, self.seed),
        )
        return tuple(replace(words, alpha=alpha) for alpha in alphas or (None,))

    @property
    def brush(self) -> MixWords:
        """What was said about the mix where the mask is white."""
        groups = self.brush_group or ()
        return MixWords(alpha=self.brush_alpha, shares=self.brush_shares, groups=groups, prefix="--brush-")

    @property
    def bits(self) -> Bits:
        """Per channel."""
        return 16 if self.deep else 8

    @property
    def decisions(self) -> Mapping[str, object]:
        """All that a recipe decides, by the options' names."""
        return {
            "--pair": self.pair,
            **self.mixes[0].given,
            **self.brush.given,
            "--mask": self.mask,
            "--levels": self.levels,
            "--crop": self.crop,
            "--float32": self.float32 or None,
            "--tile": self.tile,
            "--extrapolate": self.extrapolate or None,
            "--recompute-statistics": self.recompute_statistics or None,
            "--16-bit": self.deep or None,
        }
