"""Lets few requests at once begin in Gradio, in turns among addresses: no frame waits behind a crowd.

One thread answers everybody, and a request costs Gradio milliseconds of it before anything else is looked at:
a few hundred that came at once kept everybody's frames from it for a second.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

from starlette.types import Message, Send

from dni.ui.requests.guard.bodies import Refused

__all__ = ["Door", "leaving"]

AT_ONCE = 2
# Who has not begun to answer by then waits for something else.
LONGEST_SECONDS = 0.05
MAX_WAITING_OF_ADDRESS = 256
TOO_MANY_WAIT = "Too many requests of yours are waiting. Wait for their answers."


class Door:
    """A line for each address; they are let in by turns. For one event loop."""

    def __init__(self) -> None:
        self._free = AT_ONCE
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def enter(self, address: str) -> Callable[[], None]:
        """Wait for a place; gives what hands it back, which may be called more than once.

        Raises:
            Refused: Too many of the address wait.
        """
        loop = asyncio.get_running_loop()
        if self._free:
            self._free -= 1
        else:
            line = self._lines.setdefault(address, deque())
            if len(line) >= MAX_WAITING_OF_ADDRESS:
                raise Refused(429, TOO_MANY_WAIT)
            place = loop.create_future()
            line.append(place)
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():  # let in at the same moment
                    self._let_in()
                raise
        is_inside = True

        def leave() -> None:
            nonlocal is_inside
            if is_inside:
                is_inside = False
                late.cancel()
                self._let_in()

        late = loop.call_later(LONGEST_SECONDS, leave)
        return leave

    def _let_in(self) -> None:
        """Give a place that was handed back to the next address in turn."""
        while self._lines:
            address, line = next(iter(self._lines.items()))
            place = line.popleft()
            if line:
                self._lines.move_to_end(address)
            else:
                del self._lines[address]
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


def leaving(send: Send, leave: Callable[[], None]) -> Send:
    """Send, and hand the place back as soon as the answer begins."""

    async def send_and_leave(message: Message) -> None:
        leave()
        await send(message)

    return send_and_leave
