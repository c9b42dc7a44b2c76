"""One transfer over HTTP: what is missing is added to a partial file, until its size and hash are right.

What arrives is kept next to its destination as ``.<name>.partial``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from dni.checkpoints.errors import MAX_BYTES
from dni.checkpoints.files import sha256_of
from dni.errors import DniError

__all__ = ["DownloadError", "Progress", "Transfer", "attempt_repeatedly"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes in all, if known."""

ATTEMPTS = 3
BACKOFF_SECONDS = 0.5
TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class DownloadError(DniError):
    """A file could not be fetched; the text says how to get it by hand."""


class BrokenTransferError(Exception):
    """The transfer stopped early; another attempt may succeed."""


@dataclass
class Version:
    """Which of the versions of a file the first bytes came from, as the server tags or dates it."""

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
            version.tag = version_tag(response) or (version.tag if offset else "")
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


def version_tag(response: httpx.Response) -> str:
    """What stands for the file's bytes at the server, its tag or its date, or ""; a weak tag does not."""
    tag: str = response.headers.get("ETag", "")
    date: str = response.headers.get("Last-Modified", "")
    return tag if tag.startswith('"') else date


def is_version(response: httpx.Response, version: Version) -> bool:
    """Whether a part of a file is of this version; a part has to repeat the tag, but not the date."""
    found = version_tag(response)
    return found == version.tag or not (found or version.tag.startswith('"'))


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
        if continues and (transfer.sha256 or is_version(response, version)):
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
