"""``dni render``: a picture, or a folder of pictures, through a blend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from dni.checkpoints.atomic_write import refuse_overwriting
from dni.cli.common import tile_progress, with_option_groups
from dni.cli.rendering.render_files import RenderFiles, Work
from dni.cli.rendering.render_folder import named, plan_folder
from dni.cli.rendering.render_job import Job, jobs_of, number_text
from dni.cli.rendering.render_words import RenderWords
from dni.cli.rendering.shared_work import Worker, run_shared, worker_of
from dni.errors import DniError
from dni.export.sweeps.sheet import SHEET_SUFFIX
from dni.pictures.codecs.formats import WRITTEN_FORMATS, format_of
from dni.pictures.write import LOSSY_FORMATS, check_file_options

__all__ = ["render"]

# The ending of each format's files in a folder of results.
SUFFIXES = {kind: suffix for suffix, kind in reversed(WRITTEN_FORMATS.items())}
SHEET_ENDING = f"_sheet{SHEET_SUFFIX}"


class Format(str, Enum):
    """The kinds of files that can be written."""

    png = "png"
    jpeg = "jpeg"
    webp = "webp"
    tiff = "tiff"


Quality = Annotated[int | None, typer.Option(min=1, max=100, help="Of JPEG and WebP; 95 by default.")]


@dataclass(frozen=True, kw_only=True)
class FileWords:
    """The options of ``dni render`` that say which files are written, and how."""

    file_format: Annotated[
        Format | None, typer.Option("--format", help="Of a folder's results; of a file, its ending says it.")
    ] = None
    quality: Quality = None
    keep_metadata: Annotated[
        bool, typer.Option("--keep-metadata", help="Carry EXIF data over, and say that colours are sRGB.")
    ] = False
    recursive: Annotated[bool, typer.Option("--recursive", help="Subfolders too.")] = False
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out what has a result already.")
    ] = False
    contact_sheet: Annotated[
        bool,
        typer.Option("--contact-sheet", help="A sheet of each picture, too: all its results, and at 400 %."),
    ] = False


@with_option_groups
def render(
    image: Annotated[Path, typer.Argument(help="A picture, or a folder of pictures.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file, or the folder, to write.")],
    words: RenderWords,
    written: FileWords,
) -> None:
    """Render a picture, or every picture of a folder, through the blended network.

    Under torchrun or accelerate launch the processes share a folder, and leave out what has a result already.
    """
    jobs = jobs_of(words)
    worker = worker_of(os.environ) if image.is_dir() else Worker()
    every = plan_work(image, output, jobs, words, written, worker)
    waiting = [work for work in every if not (work.skip_existing and work.is_done)]
    if (skipped := len(every) - len(waiting)) and worker.rank == 0:
        typer.echo(f"Skipped {skipped} that had a result already.", err=True)
    if image.is_dir():
        make_folder(output)
    if waiting:
        files = RenderFiles(jobs, quality=written.quality, keep_metadata=written.keep_metadata)
        render_folder(every, output, files, worker) if image.is_dir() else render_one(waiting[0], files)


def plan_work(
    image: Path, output: Path, jobs: Sequence[Job], words: RenderWords, written: FileWords, worker: Worker
) -> list[Work]:
    """The pictures and the files that are made of each, checked before anything is loaded.

    Raises:
        DniError: There are no pictures, a file of the caller's would be overwritten, or the files cannot be
            written as the options say.
    """
    suffix = suffix_of(image, output, written.file_format)
    endings = endings_of(words.alphas, suffix, contact_sheet=written.contact_sheet)
    results = results_of(image, output, endings, recursive=written.recursive, quiet=worker.rank > 0)
    own = filter(None, (words.mask, words.recipe))
    refuse_overwriting([image, *jobs[0].paths, *own], chain(*results.values()))
    check_file(next(iter(results.values()))[0], quality=written.quality, bits=jobs[0].bits)
    resumes, count = written.skip_existing or worker.count > 1, len(jobs)
    return [
        Work(source, files[:count], files[-1] if written.contact_sheet else None, resumes)
        for source, files in results.items()
    ]


def suffix_of(image: Path, output: Path, file_format: Format | None) -> str:
    """The ending of the results' names, which says their format."""
    if image.is_dir():
        return SUFFIXES[file_format.value.upper() if file_format else "PNG"]
    if file_format is not None and format_of(output) != file_format.value.upper():
        raise DniError(
            f"Expected a name for {file_format.value}, but got {output.name}: change one of the two, or "
            "leave --format out."
        )
    return output.suffix


def endings_of(alphas: Sequence[float], suffix: str, *, contact_sheet: bool) -> list[str]:
    """What the names of one picture's files end in; the sheet is the last."""
    several = len(alphas) > 1
    endings = [f"_alpha-{number_text(alpha)}{suffix}" for alpha in alphas] if several else [suffix]
    return [*endings, SHEET_ENDING] if contact_sheet else endings


def results_of(
    image: Path, output: Path, endings: Sequence[str], *, recursive: bool, quiet: bool
) -> dict[Path, tuple[Path, ...]]:
    """The files of each picture; says what else a folder has and why that is skipped."""
    if not image.is_dir():
        return {image: (output,) if len(endings) == 1 else named(output.parent, output.stem, endings)}
    plan = plan_folder(image, output, recursive=recursive, endings=endings)
    for notice in () if quiet else plan.notices:
        typer.echo(notice, err=True)
    return plan.results


def check_file(output: Path, *, quality: int | None, bits: int) -> None:
    """Whether this kind of file can be written as the options say."""
    check_file_options(output, width=1, height=1, bits=bits, recipe="")
    if quality is not None and format_of(output) not in LOSSY_FORMATS:
        raise DniError(
            f"Expected --quality with JPEG or WebP only, but {output.name} is lossless: leave it out."
        )


def render_one(work: Work, files: RenderFiles) -> None:
    missing = [path for path in work.files if work.is_missing(path)]
    with tile_progress() as progress:
        files.render(work, progress)
    for path in missing:
        typer.echo(f"Wrote {path}")


def render_folder(every: Sequence[Work], output: Path, files: RenderFiles, worker: Worker) -> None:
    """Render the pictures of a folder, alone or with others.

    Those that fail are named at the end, and the others are done.
    """
    failures, done, written = [], 0, 0

    def render(work: Work) -> bool:
        nonlocal done, written
        try:
            make_folder(work.results[0].parent)
            written += files.render(work)
            done += 1
            return True
        except DniError as error:
            failures.append(f"{work.source}: {error}")
            return False
        finally:
            bar.update()

    todo = sum(not (work.skip_existing and work.is_done) for work in every)
    with tqdm(total=todo if worker.count == 1 else None, unit="picture", disable=worker.rank > 0) as bar:
        left = run_shared(
            every,
            output,
            worker,
            name_of=lambda work: str(work.results[0].relative_to(output)),
            is_done=lambda work: work.skip_existing and work.is_done,
            work=render,
        )
    if failures:
        raise DniError(f"{len(failures)} of {done + len(failures)} pictures failed:\n" + "\n".join(failures))
    per_picture = f"{done} pictures" if written == done else f"{written} files of {done} pictures"
    rank = f" (process {worker.rank + 1} of {worker.count})" if worker.count > 1 else ""
    typer.echo(f"Wrote {per_picture} to {output}{rank}")
    if left:
        typer.echo(f"{len(left)} are with other processes; should those stop, start again.", err=True)


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DniError(
            f"Expected a folder to write to, but {folder} cannot be made ({error.strerror}). Choose another."
        ) from error
