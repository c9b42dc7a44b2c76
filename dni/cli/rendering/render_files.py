"""Renders pictures to files: every job of a picture, and the sheet of its results."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tqdm import tqdm

from dni.checkpoints.networks import load_ends
from dni.cli.rendering.render_job import Job
from dni.export.pictures import export_recipe
from dni.export.sweeps.contact_sheet import write_contact_sheet
from dni.pictures.codecs.formats import format_of
from dni.pictures.codecs.metadata import read_exif
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture
from dni.pictures.write import FileOptions
from dni.rendering.batch_norms import INTERPOLATED, has_batch_norms
from dni.rendering.control import Progress, RenderControl
from dni.rendering.renderer import Renderer

__all__ = ["RenderFiles", "Work", "own_device"]


@dataclass(frozen=True)
class Work:
    """One picture and the files that are made of it.

    Attributes:
        source: The picture.
        results: One for each job.
        sheet: The contact sheet, if there shall be one.
        skip_existing: Leave out what is there.
    """

    source: Path
    results: tuple[Path, ...]
    sheet: Path | None
    skip_existing: bool

    @property
    def files(self) -> tuple[Path, ...]:
        return self.results if self.sheet is None else (*self.results, self.sheet)

    @property
    def is_done(self) -> bool:
        """Whether every file is there."""
        return all(path.exists() for path in self.files)

    def is_missing(self, path: Path) -> bool:
        """Whether a file is to be written."""
        return not (self.skip_existing and path.exists())


class RenderFiles:
    """Renders files by jobs on the same ends, which it loads.

    Args:
        jobs: At least one.
        quality: Of JPEG and WebP files.
        keep_metadata: Carry EXIF data over.

    Raises:
        DniError: The ends cannot be loaded, or a mix is not for them.
    """

    def __init__(self, jobs: Sequence[Job], *, quality: int | None, keep_metadata: bool) -> None:
        network, states = load_ends(jobs[0].paths)
        self.jobs = jobs
        self.keep_metadata = keep_metadata
        self.options = FileOptions() if quality is None else FileOptions(quality=quality)
        self.renderer = Renderer(network, states, precision=jobs[0].precision, device=own_device())
        mixes = [mix for job in jobs for mix in job.mixes]
        for mix in mixes:
            with self.renderer.blend.at(mix):
                pass  # a group that the network does not have is an error here, and not in every picture
        if any(mix.repair and not mix.is_end for mix in mixes):
            repairer = self.renderer.repairer
            notices = dict.fromkeys(repairer.notice(mix) for mix in mixes)
            for text in dict.fromkeys([repairer.summary, *filter(None, notices)]):
                tqdm.write(text, file=sys.stderr)
        is_blend = not all(mix.is_end for mix in mixes)
        if is_blend and not jobs[0].recompute_statistics and has_batch_norms(network.module):
            tqdm.write(INTERPOLATED, file=sys.stderr)

    def render(self, work: Work, progress: Progress | None = None) -> int:
        """Write the files of one picture that are to be written; gives their number.

        Raises:
            DniError: The picture cannot be read or rendered, or a file not be written.
        """

        def say(notice: str) -> None:
            tqdm.write(f"{work.source.name}: {notice}", file=sys.stderr)

        picture = open_picture(work.source, bits=self.jobs[0].bits)
        for notice in picture.notices:
            say(notice)
        options = self.options
        if self.keep_metadata:
            exif = read_exif(work.source)
            if exif is None:
                say("Its EXIF data is damaged, so it was not carried over.")
            options = replace(options, exif=exif or {})
        if picture.opacity is not None and format_of(work.results[0]) == "JPEG":
            say("JPEG has no opacity: it was laid over white.")
        wanted = [pair for pair in zip(self.jobs, work.results, strict=True) if work.is_missing(pair[1])]
        control = RenderControl(progress=progress, notice=say)
        for index, (job, path) in enumerate(wanted):
            recipe, own = job.recipe_for(picture, self.renderer), control.for_part(index, len(wanted))
            export_recipe(picture, self.renderer, recipe, path, options=options, control=own)
        if work.sheet is None or not work.is_missing(work.sheet):
            return len(wanted)
        self.write_sheet(picture, work, work.sheet)
        return len(wanted) + 1

    def write_sheet(self, picture: Picture, work: Work, destination: Path) -> None:
        crop = self.jobs[0].recipe_for(picture, self.renderer).request.crop or picture.whole
        shown = [(path, job.label) for job, path in zip(self.jobs, work.results, strict=True)]
        original = crop.cut(picture.reduced().rgb)
        write_contact_sheet(destination, original, shown, scale=self.renderer.scale)


def own_device() -> torch.device | None:
    """The GPU of this process where several share a machine (``LOCAL_RANK``); None to let others choose."""
    number = os.environ.get("LOCAL_RANK", "")
    if not (number.isdecimal() and torch.cuda.is_available()):
        return None
    return torch.device("cuda", int(number) % torch.cuda.device_count())
