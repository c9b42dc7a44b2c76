"""The render queue: scheduling slots bound to sessions, and the threads that work in them.

One thread runs the networks for frames. Another does what takes a whole picture but no network, at a lower
priority of the operating system's, so that no frame waits for somebody's overview. A third does what takes a
minute, on networks of its own.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any, TypeVar

from dni.device import release_freed_memory
from dni.rendering.control import Cancelled
from dni.serving.scheduling.preemption import Preempted, between_layers, preemptible
from dni.serving.scheduling.scheduler import Priority, Scheduler
from dni.serving.sessions import Session

__all__ = ["RenderQueue"]

# After so many preemptions a frame ahead is rendered at last: where many people drag, somebody always waits.
MAX_PREEMPTIONS = 3
QUIET_PATIENCE_SECONDS = 1.0
# Of the thread for whole pictures: while a frame is rendered, it gets about a tenth of a core.
NICENESS = 10

T = TypeVar("T")


class RenderQueue:
    """Runs work in slots of the :class:`.Scheduler`; what a session waits for is dropped when it ends."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self._frames_thread = ThreadPoolExecutor(1, thread_name_prefix="frames")
        self._pictures = Lane("whole pictures")
        self._long = Lane("long work")
        self._files = Lane("files", takes_much=False)

    @contextmanager
    def slot(
        self,
        session: Session,
        priority: Priority,
        *,
        coalesce_key: Hashable = None,
        cancelled: threading.Event | None = None,
        gives_way: bool = False,
    ) -> Iterator[None]:
        """Wait for a slot of the session's and hold it for the block; see :meth:`.Scheduler.slot`.

        Args:
            session: Whose slot it is.
            priority: How urgent it is.
            coalesce_key: Of what a session asks for under one key, only the newest is done; None for all.
            cancelled: When set, the waiting ends.
            gives_way: Pause between two layers of a network while somebody waits for a frame. Only for
                networks that no frame is rendered by (:meth:`.RenderService.export_renderer`): the frame
                would wait for the network, and the network for the frame.

        Raises:
            dni.serving.scheduling.scheduler.Superseded: The session has asked for something newer.
            dni.rendering.control.Cancelled: ``cancelled`` was set, or the session has ended.
        """
        session.on_close(self._leave)
        if session.ended:
            raise Cancelled
        slot = self.scheduler.slot(
            session.key, priority, group=session.group, coalesce_key=coalesce_key, cancelled=cancelled
        )
        with session.busy(), slot as waiter:
            look = partial(self.scheduler.give_way, waiter)
            with between_layers(look) if gives_way else nullcontext():
                yield

    def compute(
        self,
        work: Callable[[], T],
        *,
        session: Session,
        coalesce_key: str | None,
        priority: Priority = Priority.LIVE,
        within: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> T:
        """Do something that somebody waits for, in a slot and on the networks' thread.

        Args:
            work: What to do; it must not ask for a slot.
            session: Who waits for it.
            coalesce_key: Of what a session asks for under one key, only the newest is done; None for all.
            priority: Of the slot.
            within: A context to be in while it is done, on that thread.
        """

        def work_within() -> T:
            with within():
                return work()

        with self.slot(session, priority, coalesce_key=coalesce_key):
            return self._frames_thread.submit(work_within).result()

    def compute_ahead(self, work: Callable[[], T], *, session: Session) -> T:
        """Do something that nobody waits for yet; it is preempted by what somebody does, three times at most.

        Args:
            work: Runs a network, which is left half-way.
            session: Who may want it soon.
        """
        ahead = partial(self.compute, work, session=session, coalesce_key=None, priority=Priority.AHEAD)
        within = partial(preemptible, self.scheduler.is_urgent)
        for _ in range(MAX_PREEMPTIONS):
            with suppress(Preempted):
                return ahead(within=within)
            self.scheduler.wait_until_quiet(at_most=QUIET_PATIENCE_SECONDS)
        return ahead()

    def compute_beside(self, work: Callable[[], T], *, session: Session, coalesce_key: str | None) -> T:
        """Do something with a whole picture beside the frames: one at a time, in turns among sessions.

        Args:
            work: Runs no network, and must not ask for a slot.
            session: Who waits for it.
            coalesce_key: Of what a session asks for under one key, only the newest is done; None for all.
        """
        return self._pictures.compute(work, session, Priority.LIVE, coalesce_key=coalesce_key)

    def compute_file(self, work: Callable[[], T], *, session: Session) -> T:
        """Write a network to a file beside the frames: one at a time, in turns among sessions.

        Args:
            work: Runs no network, and must not ask for a slot.
            session: Who waits for it.

        Raises:
            dni.rendering.control.Cancelled: The session has ended.
        """
        return self._files.compute(work, session, Priority.EXPORT)

    def compute_long(self, work: Callable[[], T], *, session: Session, cancelled: threading.Event) -> T:
        """Do something that takes about a minute beside all else: one at a time, in turns among sessions.

        Args:
            work: Must not ask for a slot, nor use a network that frames are rendered by, and stops soon when
                ``cancelled`` is set.
            session: Who waits for it.
            cancelled: When set, the waiting ends.

        Raises:
            dni.rendering.control.Cancelled: ``cancelled`` was set, or the session has ended.
        """
        return self._long.compute(work, session, Priority.EXPORT, cancelled=cancelled)

    def _leave(self, session: Session) -> None:
        self.scheduler.leave(session.key)


class Lane:
    """A line and a thread of low priority of its own: its work waits for each other and for nothing else.

    Args:
        name: Of the thread.
        takes_much: Give memory back after each; what comes next, of frames too, has to ask for it anew.
    """

    def __init__(self, name: str, *, takes_much: bool = True) -> None:
        self._scheduler, self._takes_much = Scheduler(), takes_much
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name, initializer=lower_priority)

    def compute(self, work: Callable[[], T], session: Session, priority: Priority, **options: Any) -> T:
        """Do something when it is the session's turn; ``options`` are those of :meth:`.Scheduler.slot`."""
        session.on_close(self._leave)
        if session.ended:
            raise Cancelled
        slot = self._scheduler.slot(session.key, priority, group=session.group, **options)
        with session.busy(), slot:
            try:
                return self._thread.submit(work).result()
            finally:
                if self._takes_much:
                    release_freed_memory()

    def _leave(self, session: Session) -> None:
        self._scheduler.leave(session.key)


def lower_priority() -> None:
    """Let this thread, and those that it starts, have what other threads leave, where it can be told."""
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
