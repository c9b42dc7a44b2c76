"""Ends answers that nobody takes: each holds a connection and often a file, and there can be only so many."""

from __future__ import annotations

import asyncio
import sys

from starlette.types import Message, Send

if sys.platform != "win32":
    import resource

__all__ = ["NotTaken", "allow_many_connections", "while_taken"]

# For a piece of 64 kB: a slow phone takes one in a second or two.
PIECE_SECONDS = 30.0
MANY_FILES = 65_536


class NotTaken(Exception):  # noqa: N818 - it is not the app's error
    """Who asked does not take the answer."""


def while_taken(send: Send) -> Send:
    """Send an answer as long as its pieces are taken; then raise :class:`NotTaken`."""

    async def send_some(message: Message) -> None:
        try:
            await asyncio.wait_for(send(message), PIECE_SECONDS)
        except asyncio.TimeoutError as error:
            raise NotTaken from error

    return send_some


def allow_many_connections() -> None:
    """Let this process have as many open files as the system lets it: by default often 1024."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
