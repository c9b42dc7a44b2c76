"""``dni align``: brings networks' hidden channels into the order of the first one's, so that they blend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dni.alignment.align import AlignOptions
from dni.alignment.align import align as align_files
from dni.alignment.errors import AlignmentError
from dni.alignment.outcome import Alignment
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.cli.networks.inspect import decibels
from dni.compatibility.verdict import Verdict
from dni.errors import DniError
from dni.rendering.control import RenderControl

__all__ = ["align"]


class MatchName(str, Enum):
    """What ``--match`` may be."""

    WEIGHTS = "weights"
    ACTIVATIONS = "activations"


def align(
    networks: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B ...", help="Checkpoints: A stays as it is, the channels of the others are reordered."
        ),
    ],
    output: Annotated[
        list[Path],
        typer.Option(
            "-o", "--output",
            help="What to write: a .safetensors file for B and for each further network (-o b -o c), or a "
            "folder for all.",
        ),
    ],
    match: Annotated[
        MatchName, typer.Option(help="'activations': by weights, and then by those if that is better still.")
    ] = MatchName.WEIGHTS,
    picture: Annotated[
        Path | None, typer.Option(help="The picture to try; by default one of the app's examples.")
    ] = None,
    keep_any: Annotated[
        bool, typer.Option("--keep-any", help="Write files even if the blend is not better.")
    ] = False,
) -> None:  # fmt: skip
    """Reorder the hidden channels of networks to match A (Git Re-Basin); written if the blend gets better."""
    destinations = destinations_of(networks, output)
    control = RenderControl(notice=partial(typer.echo, err=True))
    options = AlignOptions(match=match.value, keep_any=keep_any, picture=picture, control=control)
    with output_folder(output[0]) if is_folder(output) else nullcontext():
        steps = align_files(networks, destinations, options)
        typer.echo("\n".join(report_lines(networks, steps)))
        for path in written_files(steps, destinations, keep_any=keep_any):
            typer.echo(f"Wrote {path}")


def is_folder(output: Sequence[Path]) -> bool:
    """Whether one folder for all files is meant."""
    return len(output) == 1 and (output[0].is_dir() or not output[0].suffix)


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Make a folder where there is none; a new one goes again if nothing was written to it.

    Raises:
        DniError: It cannot be made.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise DniError(
            f"Expected a folder to write to, but {folder} cannot be made ({error.strerror}). Choose another."
        ) from error
    try:
        yield
    finally:
        if is_new:
            with suppress(OSError):  # there are files in it
                folder.rmdir()


def destinations_of(networks: Sequence[Path], output: Sequence[Path]) -> list[Path]:
    """A file for each network but the first.

    Raises:
        DniError: Fewer than two networks, another number of files, one file twice, or networks of one name
            for one folder.
    """
    others = networks[1:]
    if not others:
        raise DniError(
            "Expected at least two networks to align, but got one. Name A and what shall match it."
        )
    if is_folder(output):
        names = [f"{path.stem}-aligned{SAFETENSORS_SUFFIX}" for path in others]
        if len(set(names)) < len(names):
            raise DniError(
                "Expected networks of different names for one folder, but some are called alike. Give a file "
                "for each: -o b.safetensors -o c.safetensors."
            )
        return [output[0] / name for name in names]
    if len(output) != len(others):
        raise DniError(
            f"Expected -o with a folder, or once for each of the {len(others)} networks behind the first, "
            f"but got {len(output)} files."
        )
    if len({path.resolve() for path in output}) < len(output):
        raise DniError("Expected a file of its own for each network, but -o names one twice.")
    return list(output)


def written_files(steps: Sequence[Alignment], destinations: Sequence[Path], *, keep_any: bool) -> list[Path]:
    """The files that were written.

    Raises:
        AlignmentError: None was, since the blend is not better.
    """
    kept = {number for step in steps if step.is_better or keep_any for number in step.aligned}
    if not kept:
        raise AlignmentError(
            "Expected a blend that is better after aligning, but half-way it is not, so "
            f"{' and '.join(map(str, destinations))} was not written. Blend the networks as they are, or "
            "give --keep-any."
        )
    return [destinations[number - 1] for number in sorted(kept)]


def report_lines(networks: Sequence[Path], steps: Sequence[Alignment]) -> Iterator[str]:
    """What was moved in each step, and the verdicts."""
    many = len(networks) > 2
    for number, step in enumerate(steps):
        if number:
            yield "By activations:"
        for index, path in enumerate(networks[1:], start=1):
            if index in step.aligned:
                yield (f"{path.name}: " if many else "") + step.aligned[index].words
            elif many or not step.aligned:
                yield f"{path.name} stays as it is."
        if not number:
            yield f"Before: {verdict_words(step.before)}"
        if step.aligned:
            yield f"After:  {verdict_words(step.after)}"
        if number:
            yield "That is better." if step.is_better else "That is no better than before."


def verdict_words(verdict: Verdict) -> str:
    test = verdict.evidence.midpoints[0]
    kept = "" if test.kept is None else f"kept {test.kept:.2f}, "
    return (
        f"{verdict.verdict}. {verdict.reason} ({kept}PSNR to the mean of the ends' pictures "
        f"{decibels(test.psnr_to_pixel_blend)})"
    )
