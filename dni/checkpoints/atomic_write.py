"""Atomic writes: a file appears complete or not at all; checks the destination before the work."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dni.errors import DniError, in_words
from dni.temporary import partial_folder

__all__ = ["atomic_write", "check_destination", "refuse_overwriting"]


@contextmanager
def atomic_write(
    path: Path, *, error_type: type[DniError] = DniError, failures: tuple[type[Exception], ...] = (OSError,)
) -> Iterator[Path]:
    """A hidden place beside ``path`` to write to; it becomes ``path`` when the block ends well.

    Where the block raises anything, nothing is left behind and an older file stays as it was; what a killed
    process left goes when the same ``path`` is written again. A symbolic link at ``path`` is replaced by the
    file, and what it points to is not touched: nothing is written outside of the folder that was named.

    Args:
        path: Where the file shall be.
        error_type: What is raised when it cannot be written.
        failures: What the writer raises then.

    Raises:
        DniError: Of ``error_type``: the place cannot be written.
    """
    try:
        with partial_folder(path) as folder:
            partial = folder / "partial"
            yield partial
            os.replace(partial, path)
    except failures as error:
        reason = getattr(error, "strerror", None) or in_words(error)
        raise error_type(
            f"Expected to write {path}, but that failed ({reason}). "
            "Choose a folder that exists, has room, and that you may write to."
        ) from error


def check_destination(destination: Path, suffix: str) -> None:
    """Find out before the work, where that can be known, that its result cannot be written.

    Raises:
        DniError: The name does not end in ``suffix``, is that of a folder or too long, or the folder around
            it is not there or not writable.
    """
    folder = destination.parent
    if destination.suffix.lower() != suffix:
        raise DniError(
            f"Expected a name that ends in {suffix}, but got {destination.name}: change the ending."
        )
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise DniError(
            f"Expected to write {destination}, but {folder} is no folder that you may write to: "
            "make it first, or choose another."
        )
    try:
        is_folder = stat.S_ISDIR(os.lstat(destination).st_mode)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DniError(
            f"Expected a name for a file, but got {in_words(destination.name)} ({error.strerror}): "
            "choose another."
        ) from error
    if is_folder:
        raise DniError(f"Expected a name for a file, but {destination} is a folder: choose another.")


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
