"""Resumable downloads, verified by size and sha256 before they are used.

What arrives is kept next to its destination as ``.<name>.partial`` until its size and hash are right.
"""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from filelock import FileLock, Timeout
from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_CACHE
from tqdm import tqdm

from dni.checkpoints.files import MAX_BYTES, CheckpointError, sha256_of
from dni.errors import DniError, in_words
from dni.temporary import temporary_folder

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

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes in all, if known."""

CACHE_VARIABLE = "DNI_CACHE"
ATTEMPTS = 3
BACKOFF_SECONDS = 0.5
TIMEOUT = httpx.Timeout(30.0, connect=10.0)

logger = logging.getLogger(__name__)


class DownloadError(DniError):
    """A file could not be fetched; the text says how to get it by hand."""


class BrokenTransferError(Exception):
    """The transfer stopped early; another attempt may succeed."""


@dataclass
class Version:
    """Which of the versions of a file the first bytes came from, as the server tags it."""

    tag: str = ""


@dataclass(frozen=True)
class Transfer:
    """One file on its way: from where, to where, and what is known about it."""

    url: str
    destination: Path
    size: int | None
    sha256: str | None
    progress: Progress | None

    @property
    def partial(self) -> Path:
        return self.destination.with_name(f".{self.destination.name}.partial")

    @property
    def lock(self) -> Path:
        return self.destination.with_name(f".{self.destination.name}.lock")

    @property
    def by_hand(self) -> str:
        return f"download it by hand and put it at {self.destination}."


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


def attempt_repeatedly(transfer: Transfer) -> None:
    version = Version()
    if transfer.sha256 is None:
        transfer.partial.unlink(missing_ok=True)
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
        try:
            resumed = receive(transfer, version)
            check_hash(transfer, resumed=resumed)
            os.replace(transfer.partial, transfer.destination)
            return
        except BrokenTransferError as error:
            reason = str(error)
    raise DownloadError(
        f"Expected all of {transfer.url}, but the transfer broke {ATTEMPTS} times ({reason}). "
        f"Try again later, or {transfer.by_hand}"
    )


def receive(transfer: Transfer, version: Version) -> bool:
    """Add what is missing to the partial file; whether any of it was there before."""
    offset = usable_bytes(transfer)
    if offset and offset == transfer.size:
        return True
    # Compressed on the way, the bytes would match neither the range, nor the size.
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    if offset and version.tag:
        headers["If-Range"] = version.tag  # the whole file comes where it is another one by now
    try:
        with httpx.stream(
            "GET", transfer.url, headers=headers, follow_redirects=True, timeout=TIMEOUT
        ) as response:
            offset = accepted_offset(transfer, response, offset, version)
            version.tag = strong_tag(response)
            write_body(transfer, response, offset)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise DownloadError(
            f"Expected a connection to {transfer.url}, but there is none ({error}). "
            f"Go online and try again, or {transfer.by_hand}"
        ) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise DownloadError(
            f"Expected an address to fetch, but got {transfer.url} ({error}). Check it, or {transfer.by_hand}"
        ) from error
    except httpx.HTTPError as error:
        raise BrokenTransferError(str(error) or type(error).__name__) from error
    return offset > 0


def strong_tag(response: httpx.Response) -> str:
    """What stands for the file's bytes at the server, or ""; a weak tag does not."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else ""


def usable_bytes(transfer: Transfer) -> int:
    """How much is already here; more than there should be counts as nothing."""
    here = transfer.partial.stat().st_size if transfer.partial.is_file() else 0
    return 0 if transfer.size is not None and here > transfer.size else here


def accepted_offset(transfer: Transfer, response: httpx.Response, offset: int, version: Version) -> int:
    """Where the server's bytes begin: at ``offset``, or at zero if it does not know ranges."""
    status = response.status_code
    if status == httpx.codes.OK:
        return 0
    if status == httpx.codes.PARTIAL_CONTENT:
        continues = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
        if continues and (transfer.sha256 or strong_tag(response) == version.tag):
            return offset
        status = httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
    if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        transfer.partial.unlink(missing_ok=True)
        raise BrokenTransferError("the server cannot continue where it stopped")
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise BrokenTransferError(f"the server answered {status}")
    raise DownloadError(
        f"Expected the file at {transfer.url}, but the server answered {status} {response.reason_phrase}. "
        f"It may have moved: look for {transfer.destination.name} elsewhere, then {transfer.by_hand}"
    )


def write_body(transfer: Transfer, response: httpx.Response, offset: int) -> None:
    length = response.headers.get("Content-Length", "")
    total = offset + int(length) if length.isdigit() else transfer.size
    check_size(transfer, total)
    done = offset
    with transfer.partial.open("ab" if offset else "wb") as file:
        # Without a chunk size: httpx would drop the part of a chunk that came before a break.
        for chunk in response.iter_raw():
            file.write(chunk)
            done += len(chunk)
            if done > (total or MAX_BYTES):
                check_size(transfer, done)
            if transfer.progress:
                transfer.progress(done, total)
    if total is not None and done < total:
        raise BrokenTransferError(f"{done} of {total} bytes came")


def check_size(transfer: Transfer, size: int | None) -> None:
    """Raise, and delete what is here, if there are not as many bytes as there should be."""
    if size is None or (size <= MAX_BYTES and transfer.size in (None, size)):
        return
    transfer.partial.unlink(missing_ok=True)
    expected = f"at most {MAX_BYTES}" if transfer.size is None else transfer.size
    raise DownloadError(
        f"Expected {expected} bytes from {transfer.url}, but it has {size}: it is another file. "
        f"Look for {transfer.destination.name} elsewhere, then {transfer.by_hand}"
    )


def check_hash(transfer: Transfer, *, resumed: bool) -> None:
    """Raise, and delete what is here, if its hash is wrong."""
    if transfer.sha256 is None:
        return
    found = sha256_of(transfer.partial)
    if found == transfer.sha256:
        return
    transfer.partial.unlink()
    if resumed:
        raise BrokenTransferError("what was kept did not belong to this file")
    raise DownloadError(
        f"Expected {transfer.url} to have sha256 {transfer.sha256}, but it has {found}; it was deleted. "
        f"Try again, or {transfer.by_hand}"
    )


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
