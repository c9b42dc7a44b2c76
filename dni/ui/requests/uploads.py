"""Resolves the files that requests name: only uploads of this app, and our examples.

Gradio checks the paths of a request only where they carry its own metadata, and a request is free to leave
that out. So every path that reaches a handler goes through :func:`received_path` before anything looks at it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from gradio.utils import get_upload_folder

from dni.errors import DniError
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.picture import Picture
from dni.serving.scheduling.decoding_turns import DECODING_TURNS
from dni.serving.sessions import Session
from dni.temporary import process_folder, temporary_folder
from dni.ui.requests.session_files import hold_upload

__all__ = [
    "delete_partial_uploads",
    "free_upload_bytes",
    "keep_uploads_private",
    "open_upload",
    "received_path",
]

# An upload that is running writes more often.
STALLED_SECONDS = 600.0

REFUSED = "Expected a file that was uploaded to this app, but got something else. Upload it and try again."


def keep_uploads_private() -> None:
    """Let this process keep uploads and results in a folder of its own, which goes when it ends.

    For programs, before the app is built. Gradio's default is one folder for all apps of a machine, and every
    file in it counts as an upload. What ``GRADIO_TEMP_DIR`` names stays.
    """
    if not os.environ.get("GRADIO_TEMP_DIR"):
        os.environ["GRADIO_TEMP_DIR"] = str(temporary_folder("uploads"))


def free_upload_bytes() -> int:
    """How much room is left for uploads."""
    return shutil.disk_usage(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()).free


def delete_partial_uploads(*, any_running: bool) -> None:
    """Delete what uploads left that broke off: Gradio keeps that for ever, and others find no room.

    They lie in the upload folder itself, and whole uploads in folders of their own there.

    Args:
        any_running: Whether uploads of this app are running; of those nothing goes. In a folder that other
            apps may share, that is taken for granted.
    """
    folder = Path(get_upload_folder()).resolve()
    is_shared = not folder.is_relative_to(process_folder().resolve())
    stalled = time.time() - (STALLED_SECONDS if any_running or is_shared else 0.0)
    for file in folder.glob("tmp*"):
        try:
            if file.is_file() and not file.is_symlink() and file.stat().st_mtime <= stalled:
                file.unlink()
        except OSError:  # gone meanwhile
            pass


def received_path(path: object, session: Session | None = None) -> Path:
    """The path of a file that a request may name, with symbolic links resolved.

    Args:
        path: What the request says; it may be anything.
        session: The page's, with which the upload goes.

    Raises:
        DniError: It lies neither in Gradio's upload folder, where our results are too, nor among the
            examples. The message is the same whether or not there is such a file.
    """
    try:
        resolved = Path(path).resolve() if isinstance(path, str | Path) else None
        uploads, examples = allowed_folders()
        if resolved is not None and resolved.is_relative_to(uploads) and resolved.is_file():
            if session is not None:
                hold_upload(resolved, session)
            return resolved
        if resolved is not None and resolved.is_relative_to(examples) and resolved.is_file():
            return resolved
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that is too long, a null character
        pass
    raise DniError(REFUSED)


def open_upload(path: object, session: Session | None = None) -> Picture:
    """Decode a picture that a request names, apart; see :func:`received_path` for what is refused."""
    return DECODING_TURNS.open_picture(received_path(path, session), session)


def allowed_folders() -> tuple[Path, Path]:
    return Path(get_upload_folder()).resolve(), EXAMPLE_FOLDER.resolve()
