"""Schedules everything that runs a network: one computation at a time, by priority.

The cores of the CPU, or the GPU, are one resource: two renders at once take twice as long each, and whoever
watches a frame waits for both. So everything that runs a network runs in a slot. Slots are given by priority,
and within a priority in turns (:mod:`dni.serving.scheduling.waiting_line`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

from dni.errors import DniError
from dni.rendering.control import Cancelled
from dni.serving.scheduling.waiting_line import WaitingLine

__all__ = ["Priority", "Scheduler", "Superseded", "TooManyWaitingError", "Waiter"]

# A priority that waits gets a slot when others have computed this long. Strict priorities would let one
# person who drags for minutes stop everybody's exports and keyframes.
PATIENCE_SECONDS = 2.0
# An export that got its slot in this way keeps it for so long, even if somebody waits for a frame: beside
# people who never stop, an eleventh of the time.
QUANTUM_SECONDS = 0.2
# More frames than this, of one owner and priority, are a browser that has gone wrong; the oldest are dropped.
MAX_WAITING = 4
# More than this of one group (an address, or all programs) and priority are turned away.
MAX_WAITING_OF_GROUP = 32
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


class TooManyWaitingError(DniError):
    """So many requests of one address, or of programs, wait that no more are taken."""


@dataclass(eq=False)
class Waiter:
    """Somebody in line, or who holds a slot."""

    owner: Hashable
    group: Hashable
    priority: Priority
    coalesce_key: Hashable
    woken: threading.Condition
    cancelled: threading.Event | None
    granted: bool = False
    dropped: Exception | None = None
    granted_at: float = 0.0
    undisturbed_until: float = -math.inf


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
        self._lines: dict[Priority, WaitingLine[Waiter]] = {priority: WaitingLine() for priority in Priority}
        self._holder: Waiter | None = None
        self._paused: Waiter | None = None  # the export that gave way
        self._passed_over = dict.fromkeys(Priority, 0.0)
        self._live_until = -math.inf

    @contextmanager
    def slot(
        self,
        owner: Hashable,
        priority: Priority,
        *,
        group: Hashable = None,
        coalesce_key: Hashable = None,
        cancelled: threading.Event | None = None,
    ) -> Iterator[Waiter]:
        """Wait for a slot and hold it for the length of the block; not to be nested.

        Args:
            owner: Who asks: slots of one priority go round among groups, within a group among owners.
            priority: How urgent it is.
            group: What the owner belongs to.
            coalesce_key: Of the requests of one owner and priority with the same key only the newest waits
                on; None for those that are all wanted.
            cancelled: When set, the waiting ends.

        Yields:
            Who holds the slot, for :meth:`give_way`.

        Raises:
            Superseded: A newer request with the same key has come, or too many of the owner's wait.
            TooManyWaitingError: Too many of the group's wait.
            dni.rendering.control.Cancelled: ``cancelled`` was set, or the owner has left.
        """
        waiter = Waiter(owner, group, priority, coalesce_key, threading.Condition(self._lock), cancelled)
        self._wait(waiter)
        try:
            yield waiter
        finally:
            with self._lock:
                if self._holder is waiter:  # not an export that was cancelled while it gave way
                    self._release(waiter)
                self._give()

    def give_way(self, waiter: Waiter) -> None:
        """Let frames that somebody waits for come first, in the middle of an export; quick if there are none.

        Returns when the slot is held again: after those frames, or when they have taken so long that it is
        the exports' turn.

        Args:
            waiter: Who holds the slot, of priority ``EXPORT``.

        Raises:
            dni.rendering.control.Cancelled: The waiter's ``cancelled`` was set.
        """
        if waiter.cancelled is not None and waiter.cancelled.is_set():
            raise Cancelled
        if not self.is_urgent() or self._clock() < waiter.undisturbed_until:
            return
        with self._lock:
            self._release(waiter)
            waiter.granted = False
            self._paused = waiter
            self._give()
            while not waiter.granted:
                waiter.woken.wait(None if waiter.cancelled is None else LOOK_SECONDS)
                if not waiter.granted and waiter.cancelled is not None and waiter.cancelled.is_set():
                    self._paused = None
                    raise Cancelled

    def leave(self, owner: Hashable) -> None:
        """Drop all that a person who has left waits for; a slot that is held stays held."""
        with self._lock:
            for line in self._lines.values():
                for waiter in line.of_owner(owner):
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
            return sum(len(line) if owner is None else len(line.of_owner(owner)) for line in lines)

    def _wait(self, waiter: Waiter) -> None:
        cancelled = waiter.cancelled
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
        """Join the line, in place of an older request with the same key."""
        line = self._lines[waiter.priority]
        own = line.of_owner(waiter.owner)
        older = [
            other
            for other in own
            if waiter.coalesce_key is not None and other.coalesce_key == waiter.coalesce_key
        ]
        too_many = [] if waiter.priority is Priority.EXPORT else own[: 1 - MAX_WAITING]
        for other in older or too_many:
            self._drop(other, Superseded())
        if line.of_group(waiter.group) >= MAX_WAITING_OF_GROUP:
            raise TooManyWaitingError(
                f"Expected at most {MAX_WAITING_OF_GROUP} requests at once from one place, but there are as "
                "many already. Wait for their results, or run dni on a machine of your own."
            )
        line.join(waiter)
        # Who is being served is behind those who came meanwhile.
        if self._holder is not None:
            line.served(self._holder)

    def _give(self) -> None:
        """Give the slot to the next in line, if it is free and there is one."""
        if self._holder is not None:
            return
        waiting = [priority for priority in Priority if self._waits(priority)]
        if not waiting:
            return
        overdue = [priority for priority in waiting if self._passed_over[priority] >= PATIENCE_SECONDS]
        priority = max(overdue, default=waiting[0])
        if priority is Priority.EXPORT and self._paused is not None:
            holder, self._paused = self._paused, None
        else:
            holder = self._lines[priority].next()
        holder.granted, holder.granted_at = True, self._clock()
        holder.undisturbed_until = holder.granted_at + QUANTUM_SECONDS if overdue else -math.inf
        self._holder = holder
        holder.woken.notify()

    def _waits(self, priority: Priority) -> bool:
        return bool(self._lines[priority] or (priority is Priority.EXPORT and self._paused))

    def _release(self, holder: Waiter) -> None:
        """Take the slot back, and note for how long the other priorities were passed over."""
        seconds = self._clock() - holder.granted_at
        for other in Priority:
            passed_over = other is not holder.priority and self._waits(other)
            self._passed_over[other] = self._passed_over[other] + seconds if passed_over else 0.0
        self._holder = None
        if holder.priority is Priority.LIVE:
            self._live_until = self._clock()

    def _drop(self, waiter: Waiter, reason: Exception) -> None:
        self._lines[waiter.priority].remove(waiter)
        waiter.dropped = reason
        waiter.woken.notify()
