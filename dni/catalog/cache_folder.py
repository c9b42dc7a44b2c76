"""The folder that downloads are kept in, also for users without a home folder."""

from __future__ import annotations

import functools
import logging
import os
from pathlib import Path

from huggingface_hub.constants import HF_HUB_CACHE

from dni.catalog.transfer import DownloadError
from dni.temporary import temporary_folder

__all__ = ["CACHE_VARIABLE", "default_cache", "hub_cache"]

CACHE_VARIABLE = "DNI_CACHE"

logger = logging.getLogger(__name__)


def default_cache() -> Path:
    """The folder for downloads: ``$DNI_CACHE``, or ``~/.cache/dni``.

    Where there is no home folder that can be written to, it is a temporary one of this process.

    Raises:
        DownloadError: ``$DNI_CACHE`` begins with the home folder of a user who has none.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    try:
        folder = Path(chosen or "~/.cache/dni").expanduser()
    except RuntimeError as error:  # the user has no home folder
        if chosen:
            raise DownloadError(
                f"Expected a folder as {CACHE_VARIABLE}, but got {chosen} ({error})."
            ) from error
        return temporary_cache("there is no home folder")
    if not chosen and not (folder.is_dir() or can_be_made(folder)):
        return temporary_cache(f"{folder} cannot be made")
    return folder


def can_be_made(folder: Path) -> bool:
    """Whether a folder in the home folder can be made."""
    home = folder.parent.parent
    inside = folder.parent if folder.parent.is_dir() else home
    return folder.is_absolute() and home.is_dir() and os.access(inside, os.W_OK | os.X_OK)


@functools.cache
def temporary_cache(reason: str) -> Path:
    """A cache that goes with this process; says so once."""
    folder = temporary_folder("cache")
    logger.warning(
        "Downloads are kept in %s until this program ends, since %s: set %s to a folder to keep them.",
        folder, reason, CACHE_VARIABLE,
    )  # fmt: skip
    return folder


def hub_cache() -> Path | None:
    """The folder for the hub's files where its own default cannot be used."""
    own = Path(HF_HUB_CACHE)
    usable = own.is_absolute() and (own.is_dir() or os.access(nearest_folder(own), os.W_OK | os.X_OK))
    return None if usable else default_cache() / "hub"


def nearest_folder(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.is_dir())
