"""The files of ``dni render`` on a folder: which are pictures, and what their results are called."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dni.errors import DniError
from dni.pictures.codecs.formats import PICTURE_SUFFIXES
from dni.pictures.read import read_recipe

__all__ = ["FolderPlan", "plan_folder", "refuse_overwriting"]

APPLE_DOUBLE = "._"  # what macOS writes beside files on foreign disks


@dataclass
class FolderPlan:
    """What to render, and what was passed over and why.

    Attributes:
        results: A destination for each picture, in order.
        skipped: Files by the reason for which they are skipped.
    """

    results: dict[Path, Path] = field(default_factory=dict)
    skipped: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def notices(self) -> list[str]:
        """One line a reason."""
        return [
            f"Skipped {files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}: {reason}."
            for reason, files in self.skipped.items()
        ]


def plan_folder(folder: Path, output: Path, *, recursive: bool, suffix: str) -> FolderPlan:
    """All pictures of a folder with their destinations.

    Args:
        folder: Where the pictures are.
        output: Where results go; may be the same folder, or inside of it.
        recursive: Look into subfolders too, and make the same in ``output``.
        suffix: Of the results, as ``".png"``.

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
    plan.results = name_results(sources, folder, output, suffix=suffix)
    refuse_overwriting(sources, plan.results.values())
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
    return None


def hint(plan: FolderPlan) -> str:
    return "".join(f" {notice}" for notice in plan.notices)


def name_results(sources: Sequence[Path], folder: Path, output: Path, *, suffix: str) -> dict[Path, Path]:
    """``baby.jpg`` becomes ``baby.png``; where several would share a name, each keeps its suffix."""
    full: set[Path] = set()
    while True:
        names = {
            source: output
            / source.relative_to(folder).parent
            / f"{source.name if source in full else source.stem}{suffix}"
            for source in sources
        }
        count = Counter(str(name).casefold() for name in names.values())
        shared = {source for source, name in names.items() if count[str(name).casefold()] > 1} - full
        if not shared:
            return names
        full |= shared


def refuse_overwriting(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Refuse a result that is one of the files that it is made from, under whatever name.

    Raises:
        DniError: There is one.
    """
    known: Mapping[tuple[int, int], Path] = {identity(path): path for path in inputs if path.exists()}
    for output in outputs:
        if output.exists() and (source := known.get(identity(output))):
            raise DniError(
                f"Expected to write beside the inputs, but {output} would take the place of {source}. "
                "Choose another folder, name or format."
            )


def identity(path: Path) -> tuple[int, int]:
    """What is the same for all names of a file."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino
