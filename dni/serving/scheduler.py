"""Schedules everything that runs a network: one computation at a time, by priority.

The cores of the CPU, or the GPU, are one resource: two renders at once take twice as long each, and whoever
watches a frame waits for both. So everything that runs a network runs in a slot. Slots are given by priority,
within a priority round-robin among owners, and to one owner first come, first served.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

from dni.rendering.control import Cancelled

__all__ = ["Priority", "Scheduler", "Superseded"]

# A priority that waits gets a slot when others have computed this long. Strict priorities would let one
# person who drags for minutes stop everybody's exports and keyframes; with tiles of a second, exports get a
# third of the machine then.
PATIENCE_SECONDS = 2.0
# More frames than this, of one owner and priority, are a browser that has gone wrong; the oldest are dropped.
MAX_WAITING = 4
# How often somebody who waits looks whether it was cancelled.
LOOK_SECONDS = 0.1
# A frame is on the screen of whoever waited for it this long after it was made.
QUIET_SECONDS = 0.1


class Priority(IntEnum):
    """What a slot is for, the most urgent first."""

    LIVE = 0  # a frame that somebody waits for
    AHEAD = 1  # a frame that somebody may want soon
    EXPORT = 2  # a tile of a whole picture


class Superseded(Exception):  # noqa: N818 - not an error: its owner has asked for something newer
    """A newer request has taken the place of this one, which was still waiting."""


@dataclass(eq=False)
class Waiter:
    """Somebody in line."""

    owner: Hashable
    priority: Priority
    coalesce_key: Hashable
    woken: threading.Condition
    granted: bool = False
    dropped: Exception | None = None


Line = OrderedDict[Hashable, "deque[Waiter]"]


class Scheduler:
    """Gives slots to the threads that ask; safe to share between them.

    Args:
        clock: Seconds, for telling how long an export has been passed over.
        sleep: Lets so many seconds of ``clock`` pass.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._lines: dict[Priority, Line] = {priority: OrderedDict() for priority in Priority}
        self._holder: Waiter | None = None
        self._passed_over = dict.fromkeys(Priority, 0.0)
        self._live_until = -math.inf

    @contextmanager
    def slot(
        self,
        owner: Hashable,
        priority: Priority,
        *,
        coalesce_key: Hashable = None,
        cancelled: threading.Event | None = None,
    ) -> Iterator[None]:
        """Wait for a slot and hold it for the length of the block; not to be nested.

        Args:
            owner: Who asks: slots of one priority go round among owners.
            priority: How urgent it is.
            coalesce_key: Of the requests of one owner and priority with the same key only the newest waits
                on; None for those that are all wanted.
            cancelled: When set, the waiting ends.

        Raises:
            Superseded: A newer request with the same key has come, or too many wait.
            dni.rendering.control.Cancelled: ``cancelled`` was set, or the owner has left.
        """
        waiter = Waiter(owner, priority, coalesce_key, threading.Condition(self._lock))
        self._wait(waiter, cancelled)
        started = self._clock()
        try:
            yield
        finally:
            self._finish(priority, self._clock() - started)

    def leave(self, owner: Hashable) -> None:
        """Drop all that a person who has left waits for; a slot that is held stays held."""
        with self._lock:
            for line in self._lines.values():
                for waiter in list(line.get(owner, ())):
                    self._drop(waiter, Cancelled())

    def is_urgent(self) -> bool:
        """Whether somebody waits for a live frame."""
        return bool(self._lines[Priority.LIVE])

    def wait_until_quiet(self, *, at_most: float) -> None:
        """Wait until nobody has waited for a live frame for a tenth of a second.

        For a render that was preempted by one: begun again at once, it would hold up that frame's way to the
        screen of this machine, and the next frame of a thumb that moves on.

        Args:
            at_most: Seconds after which the waiting ends in any case.
        """
        end = self._clock() + at_most
        while (left := min(self._until_quiet(), end - self._clock())) > 0:
            self._sleep(left)

    def _until_quiet(self) -> float:
        with self._lock:
            held = self._holder is not None and self._holder.priority is Priority.LIVE
            if held or self._lines[Priority.LIVE]:
                return QUIET_SECONDS
            return self._live_until + QUIET_SECONDS - self._clock()

    def count(self, owner: Hashable = None) -> int:
        """How many requests of the owner wait; of everybody, where none is named."""
        with self._lock:
            lines = self._lines.values()
            if owner is not None:
                return sum(len(line.get(owner, ())) for line in lines)
            return sum(len(waiting) for line in lines for waiting in line.values())

    def _wait(self, waiter: Waiter, cancelled: threading.Event | None) -> None:
        with self._lock:
            self._join(waiter)
            self._give()
            while not waiter.granted and waiter.dropped is None:
                if cancelled is not None and cancelled.is_set():
                    self._drop(waiter, Cancelled())
                    break
                waiter.woken.wait(None if cancelled is None else LOOK_SECONDS)
            if waiter.dropped is not None:
                raise waiter.dropped

    def _join(self, waiter: Waiter) -> None:
        """Join the queue, in place of an older request with the same key."""
        line = self._lines[waiter.priority]
        own = list(line.get(waiter.owner, ()))
        older = [
            other
            for other in own
            if waiter.coalesce_key is not None and other.coalesce_key == waiter.coalesce_key
        ]
        too_many = [] if waiter.priority is Priority.EXPORT else own[: 1 - MAX_WAITING]
        for other in older or too_many:
            self._drop(other, Superseded())
        line.setdefault(waiter.owner, deque()).append(waiter)
        # Who is being served is behind those who came meanwhile.
        if self._holder is not None and self._holder.owner in line:
            line.move_to_end(self._holder.owner)

    def _give(self) -> None:
        """Give the slot to the next in the queue, if it is free and there is one."""
        waiting = [priority for priority in Priority if self._lines[priority]]
        if self._holder is not None or not waiting:
            return
        overdue = [priority for priority in waiting if self._passed_over[priority] >= PATIENCE_SECONDS]
        line = self._lines[max(overdue, default=waiting[0])]
        owner, own = next(iter(line.items()))
        self._holder = own[0]
        self._remove(own[0])
        if own:
            line.move_to_end(owner)
        self._holder.granted = True
        self._holder.woken.notify()

    def _finish(self, priority: Priority, seconds: float) -> None:
        with self._lock:
            for other, line in self._lines.items():
                passed_over = other is not priority and bool(line)
                self._passed_over[other] = self._passed_over[other] + seconds if passed_over else 0.0
            self._holder = None
            if priority is Priority.LIVE:
                self._live_until = self._clock()
            self._give()

    def _drop(self, waiter: Waiter, reason: Exception) -> None:
        self._remove(waiter)
        waiter.dropped = reason
        waiter.woken.notify()

    def _remove(self, waiter: Waiter) -> None:
        line = self._lines[waiter.priority]
        line[waiter.owner].remove(waiter)
        if not line[waiter.owner]:
            del line[waiter.owner]
