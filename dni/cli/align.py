"""``dni align``: brings one network's hidden channels into another's order, so that the two blend."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dni.alignment.align import Alignment
from dni.alignment.align import align as align_files
from dni.alignment.errors import AlignmentError
from dni.cli.inspect import decibels
from dni.compatibility.verdict import Verdict
from dni.rendering.control import RenderControl

__all__ = ["align"]


def align(
    first: Annotated[Path, typer.Argument(metavar="A", help="The checkpoint that stays as it is.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The checkpoint whose channels are reordered.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The .safetensors file to write: B in A's order.")
    ],
    picture: Annotated[
        Path | None, typer.Option(help="The picture to try; by default one of the app's examples.")
    ] = None,
    keep_any: Annotated[
        bool, typer.Option("--keep-any", help="Write the file even if the blend is not better.")
    ] = False,
) -> None:
    """Reorder the hidden channels of B to match A (Git Re-Basin), and write it if the blend gets better."""
    control = RenderControl(notice=partial(typer.echo, err=True))
    found = align_files(first, second, output, picture=picture, keep_any=keep_any, control=control)
    typer.echo("\n".join(report_lines(found)))
    if not (found.is_better or keep_any):
        raise AlignmentError(
            f"Expected a blend that is better after aligning, but half-way it is not, so {output} was not "
            "written. Blend the networks as they are, or give --keep-any."
        )
    typer.echo(f"Wrote {output}")


def report_lines(found: Alignment) -> Iterator[str]:
    """What was moved, and both verdicts."""
    yield found.aligned.words
    yield f"Before: {verdict_words(found.before)}"
    yield f"After:  {verdict_words(found.after)}"


def verdict_words(verdict: Verdict) -> str:
    test = verdict.evidence.midpoints[0]
    kept = "" if test.kept is None else f"kept {test.kept:.2f}, "
    return (
        f"{verdict.verdict}. {verdict.reason} ({kept}PSNR to the mean of the ends' pictures "
        f"{decibels(test.psnr_to_pixel_blend)})"
    )
