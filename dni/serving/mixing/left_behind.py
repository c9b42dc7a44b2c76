"""What closed pages have left behind: kept for a moment, for the page that a reload makes of one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["LEFT_SECONDS", "LeftBehind"]

T = TypeVar("T")

# A reload takes seconds, also on a phone.
LEFT_SECONDS = 120.0
# Of all pages together; the oldest goes for a newer one.
MAX_LEFT = 16


class LeftBehind(Generic[T]):
    """Things by the secret token of the session that held them; each is discarded when its time is over.

    Args:
        discard: Called once with each thing, in a thread of its own or in that which brings a newer one.
        seconds: How long a thing is kept.
        capacity: How many are kept at once.
    """

    def __init__(
        self, discard: Callable[[T], object], *, seconds: float = LEFT_SECONDS, capacity: int = MAX_LEFT
    ) -> None:
        self._discard = discard
        self._seconds = seconds
        self._capacity = capacity
        self._lock = threading.Lock()
        self._held: dict[str, tuple[T, threading.Timer]] = {}

    def leave(self, token: str, thing: T) -> None:
        """Keep a thing for whoever knows the token."""
        timer = threading.Timer(self._seconds, self.drop, (token,))
        timer.daemon = True
        with self._lock:
            self._held[token] = thing, timer
            too_many = list(self._held)[: max(0, len(self._held) - self._capacity)]
        timer.start()
        for former in too_many:
            self.drop(former)

    def get(self, token: str) -> T | None:
        """What was left under a token; it stays there."""
        with self._lock:
            return self._held.get(token, (None, None))[0]

    def drop(self, token: str) -> None:
        """Discard what was left under a token, if anything is there."""
        with self._lock:
            thing, timer = self._held.pop(token, (None, None))
        if timer is not None:
            timer.cancel()
        if thing is not None:
            self._discard(thing)
