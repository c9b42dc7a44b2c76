"""Resumable downloads, verified by size and sha256 before they are used."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from filelock import FileLock, Timeout
from huggingface_hub import hf_hub_download, try_to_load_from_cache
from tqdm import tqdm

from dni.catalog.cache_folder import CACHE_VARIABLE, default_cache, hub_cache
from dni.catalog.transfer import DownloadError, Progress, Transfer, attempt_repeatedly
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import sha256_of
from dni.errors import in_words

__all__ = [
    "DownloadError",
    "Progress",
    "default_cache",
    "fetch",
    "fetch_hub",
    "hub_copy",
    "is_right",
    "tqdm_progress",
]

logger = logging.getLogger(__name__)


@contextmanager
def tqdm_progress(name: str) -> Iterator[Progress]:
    """A progress bar on the terminal for one file."""
    with tqdm(desc=name, unit="B", unit_scale=True) as bar:

        def report(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report


def is_right(path: Path, *, size: int | None, sha256: str | None) -> bool:
    """Whether the file is there and is what is known about it."""
    if not path.is_file() or (size is not None and path.stat().st_size != size):
        return False
    return sha256 is None or sha256_of(path) == sha256


def fetch(
    url: str,
    destination: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Fetch a file unless it is already there and right; two at a time do not disturb each other.

    Args:
        url: Where it is, with http or https.
        destination: Where to put it; folders are made.
        size: Its bytes, if known.
        sha256: Its hash in lower-case hexadecimal, if known. Only with it is a transfer that an earlier
            program left unfinished resumed, since only then would a mixture of two versions be noticed.
        progress: Called while bytes arrive.

    Returns:
        ``destination``.

    Raises:
        DownloadError: No connection, no such file, the wrong bytes, or nowhere to put them.
    """
    transfer = Transfer(url, destination, size, sha256, progress)
    try:
        if is_right(destination, size=size, sha256=sha256):
            return destination
        destination.parent.mkdir(parents=True, exist_ok=True)
        with waiting_lock(transfer):
            # Somebody else may have fetched it while this call waited.
            if not is_right(destination, size=size, sha256=sha256):
                attempt_repeatedly(transfer)
    except (OSError, CheckpointError) as error:
        raise DownloadError(
            f"Expected room and permission to write {destination}, but got: {error}. "
            f"Free some space, or set {CACHE_VARIABLE} to another folder."
        ) from error
    return destination


@contextmanager
def waiting_lock(transfer: Transfer) -> Iterator[None]:
    """Hold the lock of a destination, and say so if that means waiting."""
    lock = FileLock(transfer.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("Waiting for another program that downloads %s.", transfer.destination.name)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def fetch_hub(repo: str, filename: str, *, size: int | None = None, sha256: str | None = None) -> Path:
    """Fetch a file of a model repository on the Hugging Face hub, into the hub's own cache.

    Args:
        repo: Owner and name.
        filename: The file in it.
        size: Its bytes, if known.
        sha256: Its hash in lower-case hexadecimal, if known.

    Raises:
        DownloadError: No connection, no such file, or the wrong bytes (which are then deleted).
    """
    where = f"{filename} in the hub's {repo}"
    try:
        path = Path(hf_hub_download(repo, filename, cache_dir=hub_cache()))
    except (OSError, ValueError, httpx.HTTPError) as error:
        line = in_words(str(error).strip().split("\n")[0])
        raise DownloadError(
            f"Expected {where}, but could not get it ({line}). Go online and try again, or download it from "
            f"https://huggingface.co/{repo} and open that file."
        ) from error
    if not is_right(path, size=size, sha256=sha256):
        found = f"{path.stat().st_size} bytes and sha256 {sha256_of(path)}"
        path.resolve().unlink(missing_ok=True)  # the hub's cache links to its blobs
        path.unlink(missing_ok=True)
        raise DownloadError(
            f"Expected {where} to have {size or 'any'} bytes and sha256 {sha256 or 'any'}, but it has "
            f"{found}; it was deleted. Try again, or find the right file elsewhere and open that."
        )
    return path


def hub_copy(repo: str, filename: str) -> Path | None:
    """Where the hub's cache has the file, if it does; asks nobody."""
    try:
        found = try_to_load_from_cache(repo, filename, cache_dir=hub_cache())
    except ValueError:  # no repository can have this name; fetching from it says so
        return None
    return Path(found) if isinstance(found, str) else None
