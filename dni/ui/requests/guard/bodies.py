"""Limits on the bodies of requests while they arrive: their size, pace, and what is expensive to parse."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Message, Receive

__all__ = ["FilesOnly", "Refused", "few_values", "length_of", "limited"]

# A mask is one long text, and a scene names at most some thousand layers.
MAX_VALUES = 50_000
MAX_DEPTH_AT_ONCE = b"[" * 64
IDLE_SECONDS = 30.0
# A body that takes longer than this must come at some pace.
PATIENCE_SECONDS = 60.0
LEAST_BYTES_PER_SECOND = 2_000.0
MAX_PART_HEADER = 16_384
MAX_FILES = 40  # a page sends at most some thirty at once; Gradio makes a folder for each

Check = Callable[[bytes], None]


class Refused(Exception):  # noqa: N818 - becomes an answer
    """What to answer in place of Gradio."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def length_of(headers: Headers, most: int) -> int:
    """The bytes of a body as its headers say; the most where they leave that open."""
    length = headers.get("content-length", str(most) if "transfer-encoding" in headers else "0")
    if not length.isdecimal() or len(length) > 15 or int(length) > most:
        raise Refused(413, f"Expected a request of at most {most / 1e6:.0f} MB. Send less.")
    return int(length)


def limited(
    receive: Receive, most: int, *, check: Check, clock: Callable[[], float] = time.monotonic
) -> Receive:
    """The body, cut off where it breaks a limit.

    Args:
        receive: Of ASGI.
        most: Bytes; a body may grow too large without having said so.
        check: Called with each piece; raises :class:`Refused`.
        clock: Seconds that only rise.
    """
    seen, begun, is_whole = 0, clock(), False

    async def receive_some() -> Message:
        nonlocal seen, is_whole
        if is_whole:  # what comes now is that the connection has ended
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), IDLE_SECONDS)
        except asyncio.TimeoutError as error:
            raise Refused(408, "The request came too slowly. Send it again.") from error
        body = message.get("body", b"")
        seen += len(body)
        is_whole = not message.get("more_body", False)
        if seen > most:
            raise Refused(413, f"Expected a request of at most {most / 1e6:.0f} MB. Send less.")
        elapsed = clock() - begun
        if not is_whole and elapsed > PATIENCE_SECONDS and seen < elapsed * LEAST_BYTES_PER_SECOND:
            raise Refused(408, "The request came too slowly. Send it again.")
        check(body)
        return message

    return receive_some


def few_values() -> Check:
    """A check that JSON has no more values than any page sends: 8 MB of small ones take 300 MB and 4 s."""
    values = 0

    def check(piece: bytes) -> None:
        nonlocal values
        values += piece.count(b",") + piece.count(b"[") + piece.count(b"{")
        if values > MAX_VALUES or MAX_DEPTH_AT_ONCE in piece:
            raise Refused(413, f"Expected a request with at most {MAX_VALUES:,} values. Send less.")

    return check


class FilesOnly:
    """A check that a multipart body holds files and nothing else: other fields would be kept in memory.

    Args:
        content_type: The request's header, which names the boundary.

    Raises:
        Refused: The header names none; when called, also for a part that is no file, or one too many.

    Attributes:
        count: The files that have begun.
    """

    def __init__(self, content_type: str) -> None:
        found = re.match(r'multipart/form-data\s*;.*\bboundary="?([^";,\s]{1,70})"?', content_type, re.I)
        if not found:
            raise Refused(415, "Expected files as multipart/form-data.")
        self._boundary = b"--" + found[1].encode("latin-1", "replace")
        self.count = 0
        self._rest = b"\r\n"  # so that the first boundary is found as the others are

    def __call__(self, piece: bytes) -> None:
        data = self._rest + piece
        at = data.find(b"\r\n" + self._boundary)
        while at >= 0:
            end = data.find(b"\r\n\r\n", at + 2)
            is_last = data.startswith(self._boundary + b"--", at + 2)
            if end < 0 and not is_last:
                if len(data) - at > MAX_PART_HEADER:
                    raise Refused(400, "Expected files, but a part of the request has a long header.")
                self._rest = data[at:]
                return
            if not is_last:
                check_file(data[at + 2 + len(self._boundary) : end])
                self.count += 1
                if self.count > MAX_FILES:
                    raise Refused(413, f"Expected at most {MAX_FILES} files at once. Send fewer.")
            at = data.find(b"\r\n" + self._boundary, at + 2 if is_last else end + 2)
        self._rest = data[-(len(self._boundary) + 1) :]


def check_file(header: bytes) -> None:
    """Raise unless a part's header names a file."""
    lines = [line for line in header.split(b"\r\n") if line.lower().startswith(b"content-disposition:")]
    plain = [re.sub(rb'"(?:[^"\\]|\\.)*"', b'""', line) for line in lines]
    if not plain or not all(re.search(rb";\s*filename\*?\s*=", line, re.I) for line in plain):
        raise Refused(400, "Expected files and no other fields. Send only files.")
