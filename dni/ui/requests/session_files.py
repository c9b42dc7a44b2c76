"""Deletes the files of a page's session when it ends: what was uploaded in it, and what was made for it.

What a program's call uploads or makes outlives the call, since its result is fetched afterwards; Gradio
deletes that after an hour, and uploads that no page holds go before that where the disk is full.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from dni.serving.sessions import Session

__all__ = ["delete_unheld_uploads", "hold_upload", "new_folder"]

# Gradio stores equal files once: one that came so lately may be another page's, which has not named it yet.
FRESH_SECONDS = 60.0

# A program names what it has uploaded within this time, or has to upload it again on a full disk.
UNHELD_SECONDS = 120.0

_lock = threading.Lock()
_holders: dict[Path, set[int]] = {}
"""By an upload, or a folder of a result, the sessions that hold it."""


def new_folder(session: Session) -> Path:
    """A folder for one result, in the place that Gradio serves; it goes with the session.

    Raises:
        OSError: There is no room.
    """
    root = Path(os.environ.get("GRADIO_TEMP_DIR", Path(tempfile.gettempdir()) / "gradio"))
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    _hold(folder, session)
    return folder


def hold_upload(path: Path, session: Session) -> None:
    """Let an uploaded file go when the last session that named it ends."""
    _hold(path, session)


def delete_unheld_uploads(uploads: Iterable[str], missing_bytes: int) -> None:
    """Delete uploads that no open page holds, the oldest first, until so many bytes more are free.

    Without that, who fills the disk keeps everybody else out for as long as Gradio keeps their files.

    Args:
        uploads: The files that were uploaded to this app.
        missing_bytes: How much room is wanted.
    """
    with _lock:
        unheld = {Path(upload).resolve() for upload in uploads} - _holders.keys()
        for changed, size, path in sorted(_ages(unheld)):
            if missing_bytes <= 0 or time.time() - changed < UNHELD_SECONDS:
                break
            _delete(path)
            missing_bytes -= 0 if path.exists() else size


def _ages(paths: Iterable[Path]) -> Iterator[tuple[float, int, Path]]:
    """When each of the files that are there was written, and how long it is."""
    for path in paths:
        with suppress(OSError):
            found = path.stat()
            yield found.st_mtime, found.st_size, path


def _hold(path: Path, session: Session) -> None:
    if session.connection is not None:
        with _lock:
            _holders.setdefault(path, set()).add(session.key)
        session.on_close(_release)


def _release(session: Session) -> None:
    with _lock:
        for path, holders in list(_holders.items()):
            holders.discard(session.key)
            if not holders:
                del _holders[path]
                _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        if time.time() - path.stat().st_mtime >= FRESH_SECONDS:
            path.unlink()
            path.parent.rmdir()
    except OSError:  # gone already, or its folder holds another file
        pass
