"""Renders several pictures into one ZIP archive; one that cannot be rendered does not keep the others out."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dni.checkpoints.atomic_write import atomic_write
from dni.errors import DniError
from dni.rendering.control import Cancelled, RenderControl

__all__ = ["MAX_ARCHIVE_BYTES", "ArchiveItem", "ArchiveReport", "write_archive"]

MAX_ARCHIVE_BYTES = 1_000_000_000
PROBLEMS_FILE = "not rendered.txt"


@dataclass(frozen=True)
class ArchiveItem:
    """One of the files to make.

    Attributes:
        name: What to call the picture in messages.
        make: Makes the file, and gives its path; raises DniError for what is wrong with the picture. The file
            goes into the archive, and is deleted.
    """

    name: str
    make: Callable[[RenderControl], Path]


@dataclass
class ArchiveReport:
    """What came of it.

    Attributes:
        written: Names in the archive, in order.
        problems: Why the others are not in it, by the order of the items: a name and a text each.
        is_cancelled: Whether it was stopped before the last.
    """

    written: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    is_cancelled: bool = False


def write_archive(
    items: Sequence[ArchiveItem],
    destination: Path,
    *,
    control: RenderControl,
    explain: Callable[[object], str] = str,
    max_bytes: int = MAX_ARCHIVE_BYTES,
) -> ArchiveReport:
    """Make files one after the other, and put them into an archive, uncompressed: pictures are already.

    Args:
        items: What to make.
        destination: The archive; it appears whole, or not at all where there is nothing to put into it.
        control: Progress of all items, cancellation. What is finished when it is cancelled is kept.
        explain: An error as a text for people.
        max_bytes: Of all files together; those beyond it are refused.

    Raises:
        DniError: The archive cannot be written, or holds nothing; then with the first problem.
    """
    report = ArchiveReport()
    with atomic_write(destination) as partial:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            fill(archive, items, report, control, explain, max_bytes)
            if report.problems and report.written:
                lines = [f"{name}: {text}" for name, text in report.problems]
                archive.writestr(PROBLEMS_FILE, "\n".join(lines) + "\n")
        if not report.written:
            if report.is_cancelled:
                raise Cancelled
            raise DniError(nothing_written(report))
    return report


def fill(
    archive: zipfile.ZipFile,
    items: Sequence[ArchiveItem],
    report: ArchiveReport,
    control: RenderControl,
    explain: Callable[[object], str],
    max_bytes: int,
) -> None:
    room = max_bytes
    for index, item in enumerate(items):
        try:
            control.raise_if_cancelled()
            path = item.make(control.for_part(index, len(items)))
        except Cancelled:
            report.is_cancelled = True
            return
        except DniError as error:
            report.problems.append((item.name, explain(error)))
            continue
        try:
            if path.stat().st_size > room:
                text = f"Expected at most {max_bytes / 1e6:g} MB in one archive. Render it in another."
                report.problems.append((item.name, text))
                continue
            room -= path.stat().st_size
            report.written.append(unused(path.name, report.written))
            archive.write(path, report.written[-1])
        finally:
            os.unlink(path)


def unused(name: str, used: Sequence[str]) -> str:
    """The name, with a number where another file has it."""
    taken, number, candidate = {other.casefold() for other in used}, 1, Path(name)
    while candidate.name.casefold() in taken:
        number += 1
        candidate = Path(f"{Path(name).stem}-{number}{Path(name).suffix}")
    return candidate.name


def nothing_written(report: ArchiveReport) -> str:
    name, text = report.problems[0] if report.problems else ("", "There were no pictures.")
    others = f" The other {len(report.problems) - 1} failed, too." if len(report.problems) > 1 else ""
    return f"Expected pictures to render, but none could be: {name}: {text}{others}"
