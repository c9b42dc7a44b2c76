"""The picture that a link names by its address, where whoever runs the app allows that.

Off by default: what is fetched is checked (:mod:`dni.ui.requests.remote_pictures`) and bounded, but it is
this machine's traffic that strangers spend.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dni.errors import DniError
from dni.pictures.decoding.decode_apart import open_picture_apart
from dni.pictures.picture import Picture
from dni.temporary import temporary_folder
from dni.ui.requests.remote_pictures import fetch_picture

__all__ = ["VARIABLE", "is_allowed", "open_link"]

VARIABLE = "DNI_LINK_PICTURES"
OFF = "The link names a picture elsewhere, which this app does not fetch unless it was told to: upload it."
BUSY = "Expected the link's picture, but too many links fetch theirs just now. Reload in some seconds."
# Each holds a thread of Gradio's for up to 20 seconds.
FETCHES = threading.BoundedSemaphore(4)


def is_allowed() -> bool:
    """Whether this app fetches pictures that links name."""
    return os.environ.get(VARIABLE) == "1"


def open_link(url: str, *, fetch: Callable[[str, Path], Path] = fetch_picture) -> Picture:
    """Fetch and decode a picture, as an upload is.

    Raises:
        DniError: It is not allowed here or may not be fetched, too many are fetched at once, or it is no
            picture.
    """
    if not is_allowed():
        raise DniError(OFF)
    if not FETCHES.acquire(blocking=False):
        raise DniError(BUSY)
    folder = temporary_folder("link")
    try:
        return replace(open_picture_apart(fetch(url, folder)), name="linked-picture")
    finally:
        FETCHES.release()
        shutil.rmtree(folder, ignore_errors=True)
