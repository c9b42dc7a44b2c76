"""A gate that lets few through at once: whoever was let in longest ago, or never, comes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dni.rendering.control import Cancelled

__all__ = ["FairGate"]

LOOK_SECONDS = 0.1
# Of groups and owners that were let in; the oldest are forgotten.
MAX_REMEMBERED = 4096


@dataclass(eq=False)
class Place:
    """Somebody at the gate."""

    group: Hashable
    owner: Hashable
    admitted: threading.Event = field(default_factory=threading.Event)


class FairGate:
    """Bounds what is in memory at once, where the scheduler decides whose turn it is to compute.

    Unlike a semaphore it lets nobody in again before those who were already waiting, and a group (an address)
    that has never been inside comes before those that have, however many of these wait.

    Args:
        capacity: How many may be inside.
    """

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._waiting: list[Place] = []
        self._turns: OrderedDict[Hashable, int] = OrderedDict()
        self._turn = 0
        self._lock = threading.Lock()

    @contextmanager
    def enter(
        self,
        cancelled: threading.Event | None = None,
        *,
        group: Hashable = None,
        owner: Hashable = None,
    ) -> Iterator[None]:
        """Wait for a place, and keep it for the block.

        Args:
            cancelled: When set, the waiting ends.
            group: What the owner belongs to.
            owner: Who waits; those of one owner come in by the order in which they came.

        Raises:
            Cancelled: ``cancelled`` was set while waiting.
        """
        self._wait(Place(("group", group), ("owner", owner)), cancelled)
        try:
            yield
        finally:
            with self._lock:
                self._leave()

    def _wait(self, place: Place, cancelled: threading.Event | None) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                self._admit(place)
                return
            self._waiting.append(place)
        while not place.admitted.wait(None if cancelled is None else LOOK_SECONDS):
            if cancelled is not None and cancelled.is_set():
                with self._lock:
                    if place.admitted.is_set():
                        self._leave()
                    else:
                        self._waiting.remove(place)
                raise Cancelled

    def _leave(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        # The first of those whose last turn was longest ago.
        place = min(self._waiting, key=lambda one: (self._last(one.group), self._last(one.owner)))
        self._waiting.remove(place)
        self._admit(place)

    def _last(self, who: Hashable) -> int:
        return self._turns.get(who, 0)

    def _admit(self, place: Place) -> None:
        self._turn += 1
        for who in (place.group, place.owner):
            self._turns[who] = self._turn
            self._turns.move_to_end(who)
        while len(self._turns) > MAX_REMEMBERED:
            self._turns.popitem(last=False)
        place.admitted.set()
