"""Closes connections that bring no request, or take no answer: uvicorn keeps them for ever, and there can be
only so many."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from dni.ui.requests.addresses import host_of

__all__ = ["SilentConnections", "close_silent_connections"]

# A request's header is one packet or two.
SILENT_SECONDS = 20.0
# How long one that is being closed may take for the rest of its answer.
LEAVING_SECONDS = 20.0
MAX_SILENT_OF_ADDRESS = 256
LOOK_SECONDS = 1.0


class SilentConnections:
    """Connections whose request has not come yet: none at all, a part of its header, or the next one's.

    Args:
        connections: uvicorn's protocols of all that are open now.
        clock: Seconds that only rise.
    """

    def __init__(
        self, connections: Callable[[], Iterable[Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connections, self._clock = connections, clock
        self._since: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
        self._leaving: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def close(self) -> None:
        """Close those that have been silent for long, and what one address has beyond its share."""
        now, silent_of = self._clock(), Counter[str | None]()
        for connection in list(self._connections()):
            if is_leaving(connection):
                if now - self._leaving.setdefault(connection, now) >= LEAVING_SECONDS:
                    connection.transport.abort()
                continue
            if not is_silent(connection):
                self._since.pop(connection, None)
                continue
            address = host_of(connection.client)
            silent_of[address] += 1
            since = self._since.setdefault(connection, now)
            if now - since >= SILENT_SECONDS or silent_of[address] > MAX_SILENT_OF_ADDRESS:
                connection.transport.close()


def is_leaving(connection: Any) -> bool:
    """Whether it is being closed, which waits until what was sent has been taken."""
    transport = getattr(connection, "transport", None)
    return transport is not None and bool(transport.is_closing())


def is_silent(connection: Any) -> bool:
    """Whether nothing of a connection is answered now; between two requests uvicorn's own limit counts.

    A web socket, which uvicorn opens where a package for it is installed, is none: it had a request.
    """
    if not hasattr(connection, "cycle"):
        return False
    cycle = connection.cycle
    return cycle is None or (cycle.response_complete and connection.timeout_keep_alive_task is None)


async def close_silent_connections(app: Any) -> None:
    """Look after the connections of a running app of Gradio's, until cancelled."""

    def connections() -> Iterable[Any]:
        # Gradio's, from when it has started until it ends.
        state = getattr(getattr(getattr(app, "blocks", None), "server", None), "server_state", None)
        return () if state is None else state.connections

    silent = SilentConnections(connections)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        silent.close()
