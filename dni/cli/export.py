"""``dni export``: a blend as a file of another program: PyTorch, ONNX, ncnn."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dni.blending.shares import Mix
from dni.cli.common import Alpha, Extrapolate, PairName, Shares, choose_ends, local_ends
from dni.cli.rendering.mixing import Groups, MixWords, Scales
from dni.errors import DniError, shown
from dni.export.formats.export_file import export_file
from dni.export.formats.kinds import ExportOptions, Format, Layout, Precision
from dni.rendering.control import RenderControl

__all__ = ["export"]

MAX_SIDE = 4096


def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="The .pth, .onnx or .param file to write.")],
    ends: Annotated[
        list[Path] | None, typer.Argument(help="Two or more checkpoints, or one to export (or use --pair).")
    ] = None,
    pair: PairName = None,
    alpha: Alpha = None,
    shares: Shares = None,
    scales: Scales = None,
    group: Groups = None,
    extrapolate: Extrapolate = False,
    kind: Annotated[
        Format | None,
        typer.Option("--format", help="By default what the name ends in; onnx-live has alpha as an input."),
    ] = None,
    layout: Annotated[Layout, typer.Option(help="What a .pth file wraps the weights in.")] = Layout.PARAMS,
    dtype: Annotated[Precision, typer.Option(help="Of the file's numbers.")] = Precision.FLOAT32,
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT: an ONNX file for pictures of this size only.")
    ] = None,
    recompute_statistics: Annotated[
        list[Path] | None,
        typer.Option(help="A picture to measure batch norms' statistics on; may be given again."),
    ] = None,
) -> None:
    """Write a blend for other programs, run it in its own runtime, and say how close it is to ours."""
    kind = kind or Format.of(output)
    words = MixWords(alpha=alpha, shares=shares, scales=scales, groups=group or ())
    if pair is None and ends and len(ends) == 1:
        files, mix = list(ends), None
        if words.given:
            raise DniError(f"Expected no {', '.join(words.given)} for one network. Name the other end too.")
    else:
        chosen = choose_ends(pair, ends)
        mix = mix_for(kind, words, len(chosen.ends), extrapolate)
        files = local_ends(chosen)
    options = ExportOptions(
        layout=layout,
        precision=dtype,
        size=None if size is None else parse_size(size),
        pair_id=pair or "",
        statistics=recompute_statistics or (),
    )
    control = RenderControl(notice=partial(typer.echo, err=True))
    written = export_file(files, mix, output, kind, options, control=control)
    typer.echo(f"Wrote {', '.join(map(str, written.files))}")
    typer.echo(f"In its own runtime its pictures are within {written.levels} of 255 levels of ours.")


def mix_for(kind: Format, words: MixWords, num_ends: int, extrapolate: bool) -> Mix | None:
    """The mix that is meant; a live file has none of its own."""
    if kind is Format.ONNX_LIVE and not words.given:
        return None
    return words.mix(num_ends=num_ends, extrapolate=extrapolate)


def parse_size(text: str) -> tuple[int, int]:
    """WIDTHxHEIGHT in pixels."""
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    sides = tuple(map(int, found.groups())) if found else ()
    if len(sides) != 2 or not all(8 <= side <= MAX_SIDE for side in sides):
        raise DniError(
            f"Expected --size as WIDTHxHEIGHT, 8 to {MAX_SIDE} pixels each, like 256x192, but got "
            f"{shown(text)}."
        )
    return sides[0], sides[1]
