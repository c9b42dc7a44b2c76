"""Atomic writes: a file appears complete or not at all; checks the destination before the work."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dni.errors import DniError

__all__ = ["atomic_write", "check_destination"]


@contextmanager
def atomic_write(
    path: Path, *, error_type: type[DniError] = DniError, failures: tuple[type[Exception], ...] = (OSError,)
) -> Iterator[Path]:
    """A hidden place beside ``path`` to write to; it becomes ``path`` when the block ends well.

    Where the block raises anything, nothing is left behind and an older file stays as it was.

    Args:
        path: Where the file shall be.
        error_type: What is raised when it cannot be written.
        failures: What the writer raises then.

    Raises:
        DniError: Of ``error_type``: the place cannot be written.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except failures as error:
        raise error_type(
            f"Expected to write {path}, but that failed ({getattr(error, 'strerror', None) or error}). "
            "Choose a folder that exists, has room, and that you may write to."
        ) from error
    finally:
        with suppress(OSError):  # the file, or even its folder, is not there
            partial.unlink()


def check_destination(destination: Path, suffix: str) -> None:
    """Find out before the work, where that can be known, that its result cannot be written.

    Raises:
        DniError: The name does not end in ``suffix``, or the folder is not there or not writable.
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
