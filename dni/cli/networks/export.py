"""``dni export``: a blend as a file of another program: PyTorch, ONNX, ncnn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dni.blending.shares import Mix
from dni.cli.common import Extrapolate, local_ends, with_option_groups
from dni.cli.rendering.mixing import BlendOptions, Statistics
from dni.errors import DniError, shown
from dni.export.formats.export_file import export_file
from dni.export.formats.kinds import ExportOptions, Format, Layout, Precision
from dni.rendering.control import RenderControl

__all__ = ["export"]

MAX_SIDE = 4096


@dataclass(frozen=True, kw_only=True)
class ExportSource(BlendOptions):
    """What is exported: a blend, or one network as it is."""

    ends: Annotated[
        list[Path] | None, typer.Argument(help="Two or more checkpoints, or one to export (or use --pair).")
    ] = None

    def files_and_mix(self, kind: Format, *, extrapolate: bool) -> tuple[list[Path], Mix | None]:
        """The ends' files and their mix; no mix for one network, nor for a live file that is given none."""
        words = self.words
        given = [*words.given, *(["--extrapolate"] if extrapolate else [])]
        if self.pair is None and self.ends and len(self.ends) == 1:
            if given:
                raise DniError(f"Expected no {', '.join(given)} for one network. Name the other end too.")
            return list(self.ends), None
        is_open = kind is Format.ONNX_LIVE and not words.given
        if is_open and extrapolate:
            raise DniError(
                "Expected no --extrapolate for a live file, which takes any numbers as its mix. Leave it out."
            )
        chosen = self.choose()
        mix = None if is_open else words.mix(num_ends=len(chosen.ends), extrapolate=extrapolate)
        return local_ends(chosen), mix


@with_option_groups
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="The .pth, .onnx or .param file to write.")],
    source: ExportSource,
    extrapolate: Extrapolate = False,
    kind: Annotated[
        Format | None,
        typer.Option("--format", help="By default what the name ends in; onnx-live has alpha as an input."),
    ] = None,
    layout: Annotated[
        Layout | None, typer.Option(help="What a .pth file wraps the weights in; by default params.")
    ] = None,
    dtype: Annotated[Precision, typer.Option(help="Of the file's numbers.")] = Precision.FLOAT32,
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT: an ONNX file for pictures of this size only.")
    ] = None,
    recompute_statistics: Statistics = None,
) -> None:
    """Write a blend for other programs, run it in its own runtime, and say how close it is to ours."""
    kind = kind or Format.of(output)
    files, mix = source.files_and_mix(kind, extrapolate=extrapolate)
    options = ExportOptions(
        layout=layout,
        precision=dtype,
        size=None if size is None else parse_size(size),
        pair_id=source.pair or "",
        statistics=recompute_statistics or (),
    )
    control = RenderControl(notice=partial(typer.echo, err=True))
    written = export_file(files, mix, output, kind, options, control=control)
    typer.echo(f"Wrote {', '.join(map(str, written.files))}")
    typer.echo(f"In its own runtime its pictures are within {written.levels} of 255 levels of ours.")


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
