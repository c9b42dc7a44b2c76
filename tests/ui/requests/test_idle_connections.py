"""Connections that bring no request are closed, and those that do are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from guarded_site import Clock

from dni.ui.requests.guard.idle_connections import (
    LEAVING_SECONDS,
    MAX_SILENT_OF_ADDRESS,
    SILENT_SECONDS,
    SilentConnections,
)


@dataclass(eq=False)
class Connection:
    """What is used of uvicorn's protocols."""

    client: tuple[str, int] = ("192.0.2.1", 5)
    cycle: Any = None
    timeout_keep_alive_task: object = None
    is_closed: bool = field(default=False)
    is_aborted: bool = field(default=False)

    @property
    def transport(self) -> Any:
        return SimpleNamespace(
            close=lambda: setattr(self, "is_closed", True),
            abort=lambda: setattr(self, "is_aborted", True),
            is_closing=lambda: self.is_closed,
        )


def answered(*, complete: bool) -> Any:
    return SimpleNamespace(response_complete=complete)


def test_who_sends_no_request_is_closed_after_some_seconds() -> None:
    clock = Clock()
    silent = Connection()
    half = Connection(cycle=answered(complete=True))  # a part of the next request has come
    busy = Connection(cycle=answered(complete=False))
    kept = Connection(cycle=answered(complete=True), timeout_keep_alive_task=object())
    connections = SilentConnections(lambda: [silent, half, busy, kept], clock)
    connections.close()
    clock.now = SILENT_SECONDS - 1
    connections.close()
    assert not silent.is_closed
    clock.now = SILENT_SECONDS
    connections.close()
    assert [one.is_closed for one in (silent, half, busy, kept)] == [True, True, False, False]


def test_who_is_closed_and_does_not_take_what_was_sent_is_cut_off() -> None:
    clock, one = Clock(), Connection(cycle=answered(complete=False), is_closed=True)
    connections = SilentConnections(lambda: [one], clock)
    for second in (0, LEAVING_SECONDS - 1):
        clock.now = second
        connections.close()
    assert not one.is_aborted
    clock.now = LEAVING_SECONDS
    connections.close()
    assert one.is_aborted


def test_a_request_begins_the_time_anew() -> None:
    clock, one = Clock(), Connection()
    connections = SilentConnections(lambda: [one], clock)
    connections.close()
    clock.now, one.cycle = SILENT_SECONDS - 1, answered(complete=False)
    connections.close()
    clock.now, one.cycle = SILENT_SECONDS + 1, answered(complete=True)
    connections.close()
    assert not one.is_closed


def test_an_address_has_a_share_of_them() -> None:
    crowd = [Connection(client=("192.0.2.1", number)) for number in range(MAX_SILENT_OF_ADDRESS + 9)]
    other = Connection(client=("192.0.2.2", 5))
    SilentConnections(lambda: [*crowd, other], Clock()).close()
    assert sum(one.is_closed for one in crowd) == 9
    assert not other.is_closed


def test_web_sockets_do_not_end_the_watch() -> None:
    class WebSocket:
        """Of uvicorn's, which have no request that is answered."""

        client = ("192.0.2.3", 6)

    silent, web_socket = Connection(client=("192.0.2.3", 5)), WebSocket()
    clock = Clock()
    connections = SilentConnections(lambda: [web_socket, silent], clock)
    connections.close()
    clock.now = SILENT_SECONDS
    connections.close()
    assert silent.is_closed
