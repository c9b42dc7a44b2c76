"""The files of ``dni render`` on a folder: which are pictures, and what their results are called."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from dni.checkpoints.atomic_write import refuse_overwriting
from dni.errors import DniError
from dni.export.sweeps.sheet import is_sheet
from dni.pictures.codecs.formats import PICTURE_SUFFIXES
from dni.pictures.read import read_recipe

__all__ = ["FolderPlan", "name_results", "named", "plan_folder"]

APPLE_DOUBLE = "._"  # what macOS writes beside files on foreign disks


@dataclass
class FolderPlan:
    """What to render, and what was passed over and why.

    Attributes:
        results: The files to write for each picture, in order.
        skipped: Files by the reason for which they are skipped.
    """

    results: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    skipped: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def notices(self) -> list[str]:
        """One line a reason."""
        return [
            f"Skipped {files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}: {reason}."
            for reason, files in self.skipped.items()
        ]


def plan_folder(folder: Path, output: Path, *, recursive: bool, endings: Sequence[str]) -> FolderPlan:
    """All pictures of a folder with their destinations.

    Args:
        folder: Where the pictures are.
        output: Where results go; may be the same folder, or inside of it.
        recursive: Look into subfolders too, and make the same in ``output``.
        endings: Of each picture's results, as ``".png"`` or ``"_alpha-0.5.png"``.

    Raises:
        DniError: There are no pictures, or a result would take the place of one.
    """
    plan, sources = FolderPlan(), []
    for path in candidates(folder, output, recursive=recursive):
        beside = path.parent.resolve() == (output / path.relative_to(folder)).parent.resolve()
        if reason := why_skipped(path, recursive=recursive, beside_results=beside):
            plan.skipped.setdefault(reason, []).append(path)
        elif path.is_file():
            sources.append(path)
    if not sources:
        raise DniError(f"Expected pictures in the folder {folder}, but found none.{hint(plan)}")
    plan.results = name_results(sources, folder, output, endings=endings)
    refuse_overwriting(sources, chain.from_iterable(plan.results.values()))
    return plan


def candidates(folder: Path, output: Path, *, recursive: bool) -> Iterator[Path]:
    """Everything that is named like a picture, but for what is in a folder of results inside this one."""
    own = output.resolve()
    for place, folders, files in os.walk(folder):
        folders.sort()
        here = Path(place)
        names = files if recursive else [*files, *folders]
        yield from (here / name for name in sorted(names) if Path(name).suffix.lower() in PICTURE_SUFFIXES)
        if not recursive:
            return
        folders[:] = [name for name in folders if (here / name).resolve() != own]


def why_skipped(path: Path, *, recursive: bool, beside_results: bool) -> str | None:
    """Why something that is named like a picture is none to render, or None if it is one."""
    if path.name.startswith(APPLE_DOUBLE):
        return "macOS's notes on another file"
    if path.is_dir():
        return "a folder; --recursive looks into it"
    if not path.is_file():
        return "neither a file nor a folder"
    if beside_results:
        with suppress(DniError):  # a damaged file is an error of its own, later
            if read_recipe(path) is not None:
                return "a result that dni wrote"
        if is_sheet(path):
            return "a sheet that dni wrote"
    return None


def hint(plan: FolderPlan) -> str:
    return "".join(f" {notice}" for notice in plan.notices)


def name_results(
    sources: Sequence[Path], folder: Path, output: Path, *, endings: Sequence[str]
) -> dict[Path, tuple[Path, ...]]:
    """``baby.jpg`` becomes ``baby.png``; where several would share a name, each keeps its suffix."""
    full: set[Path] = set()
    while True:
        names = {
            source: named(
                output / source.relative_to(folder).parent,
                source.name if source in full else source.stem,
                endings,
            )
            for source in sources
        }
        count = Counter(str(name).casefold() for each in names.values() for name in each)
        shared = {
            source for source, each in names.items() if any(count[str(name).casefold()] > 1 for name in each)
        }
        if not shared - full:
            return names
        full |= shared


def named(folder: Path, stem: str, endings: Sequence[str]) -> tuple[Path, ...]:
    """The results of one picture."""
    return tuple(folder / f"{stem}{ending}" for ending in endings)
