"""Temporary folders that do not outlive their process, however it ends.

A folder belongs to the process that holds its lock, and the system releases that even after a kill. So
whoever comes next can tell what a dead process left, and deletes it. Where there is no ``flock`` (Windows),
nothing of others is deleted.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

if sys.platform != "win32":
    import fcntl

__all__ = ["exit_on_sigterm", "partial_folder", "process_folder", "temporary_folder"]

PREFIX = "dni-process-"
# Of 255 in most file systems, for what is put around a name.
MAX_NAME_BYTES = 240
# Processes that may write one file at once and still leave nothing when they are killed.
WRITERS = 8


def temporary_folder(purpose: str) -> Path:
    """A new folder of this process, which goes when it ends.

    Raises:
        OSError: It cannot be made.
    """
    return Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=process_folder()))


@functools.cache
def process_folder() -> Path:
    """The folder around all temporary folders of this process; made after the leftovers of dead ones went."""
    root = Path(tempfile.gettempdir())
    for leftover in root.glob(f"{PREFIX}*"):
        remove_if_abandoned(leftover)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    lock = lock_folder(folder)  # stays open as long as the process
    if lock is None and not folder.is_dir():  # another process was quicker and took it for a leftover
        folder.mkdir(mode=0o700)
        lock_folder(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def partial_folder(path: Path) -> Iterator[Path]:
    """An empty hidden folder beside ``path`` to prepare it in; nothing of it stays.

    Its name follows from that of ``path``, so that what killed processes left goes when ``path`` is written
    the next time.

    Raises:
        OSError: It cannot be made.
    """
    folder, lock = claim(path)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def claim(path: Path) -> tuple[Path, int | None]:
    name = path.name
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    if sys.platform != "win32":
        numbers = ("", *(f".{number}" for number in range(2, WRITERS + 1)))
        folders = [path.with_name(f".{name}{number}.partial") for number in numbers]
        for folder in folders:
            remove_if_abandoned(folder)
        for folder in folders:
            lock = make_locked(folder)
            if lock is not None:
                return folder, lock
    folder = path.with_name(f".{secrets.token_hex(8)}.partial")
    folder.mkdir(mode=0o700)
    return folder, None


def make_locked(folder: Path) -> int | None:
    """Make a folder and lock it; None if somebody else has it."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return None
    return lock_folder(folder)


def remove_if_abandoned(folder: Path) -> None:
    """Delete one of our folders if its process is dead."""
    lock = lock_folder(folder)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def lock_folder(folder: Path) -> int | None:
    """Lock a folder of this user; None if it is locked, somebody else's, or none. Closing unlocks it."""
    if sys.platform == "win32":
        return None
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours, there = os.fstat(lock), os.lstat(folder)  # it may have been deleted and made again meanwhile
        if ours.st_uid == os.geteuid() and os.path.samestat(ours, there):
            return lock
    except OSError:
        pass
    os.close(lock)
    return None


def exit_on_sigterm() -> None:
    """Let this program leave in order when it is asked to end (``kill``, ``docker stop``): cleaning up.

    For programs, right at their start and in their main thread.
    """

    def leave(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # another one would break the cleaning off
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
