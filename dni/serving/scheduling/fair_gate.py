"""A gate that lets few through at once, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from dni.rendering.control import Cancelled

__all__ = ["FairGate"]

LOOK_SECONDS = 0.1


class FairGate:
    """Bounds what is in memory at once, where the scheduler decides whose turn it is to compute.

    Unlike a semaphore it lets nobody in again before those who were already waiting.

    Args:
        capacity: How many may be inside.
    """

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def enter(self, cancelled: threading.Event | None = None) -> Iterator[None]:
        """Wait for a place, and keep it for the block.

        Raises:
            Cancelled: ``cancelled`` was set while waiting.
        """
        self._wait(cancelled)
        try:
            yield
        finally:
            with self._lock:
                self._leave()

    def _wait(self, cancelled: threading.Event | None) -> None:
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            admitted = threading.Event()
            self._waiting.append(admitted)
        while not admitted.wait(None if cancelled is None else LOOK_SECONDS):
            if cancelled is not None and cancelled.is_set():
                with self._lock:
                    if admitted.is_set():
                        self._leave()
                    else:
                        self._waiting.remove(admitted)
                raise Cancelled

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._free += 1
