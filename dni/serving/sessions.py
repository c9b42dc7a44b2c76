"""Sessions: who asks, how long the server remembers them, and the release of what they held.

A session belongs to one open page, or to one call of a program. Its token is random and known to that page
alone, so nobody can ask in another one's name, and a name that the server did not give gets nothing.
"""

from __future__ import annotations

import itertools
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from dni.errors import DniError

__all__ = ["LIFETIME_SECONDS", "MAX_SESSIONS", "PROGRAMS", "Session", "SessionError", "SessionRegistry"]

LIFETIME_SECONDS = 30 * 60.0
MAX_SESSIONS = 500
# Of one address: a class behind one router, but not a crowd of invented pages.
MAX_SESSIONS_OF_ADDRESS = 64
PROGRAMS = "programs"
MAX_CONNECTION_LENGTH = 100
# Every frame asks for its session; they are not looked through for each.
SWEEP_SECONDS = 1.0
TOKEN_BYTES = 24
ENDED = (
    "This page's session has ended: the connection broke, the page was not used for 30 minutes, "
    "or the server was started anew. Reload the page."
)

KEYS = itertools.count(1)


class SessionError(DniError):
    """There is no such session, or there can be no more."""


class Session:
    """One open page or one call of a program; what is held for it is released when it ends.

    Safe to share between threads. As a context manager it ends with the block.

    Attributes:
        key: Stands for it in queues and caches: no secret, and never used twice.
        token: What its page shows to be recognised: a secret, for that page only.
        connection: The page's connection; None for a program.
        group: With whom it shares its turns: all pages of its address, or all programs.
    """

    def __init__(
        self,
        connection: str | None = None,
        *,
        group: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = next(KEYS)
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.connection = connection
        self.group: str | int = self.key if group is None else group
        self._clock = clock
        self._lock = threading.Lock()
        self._ended = False
        self._callbacks: dict[Callable[[Session], object], None] = {}
        self._cancellations: dict[str, threading.Event] = {}
        self._running = 0
        self._last_used = clock()

    def __repr__(self) -> str:
        return f"Session({self.key})"

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether it has been closed."""
        return self._ended

    @property
    def holds_nothing(self) -> bool:
        """Whether nothing is to be released when it ends, and nothing of it is running."""
        with self._lock:
            return not (self._callbacks or self._cancellations or self._running)

    def idle_seconds(self) -> float:
        """How long ago it was last used; 0 while something of it is running."""
        with self._lock:
            return 0.0 if self._running else self._clock() - self._last_used

    def touch(self) -> None:
        """Note that it is used now."""
        with self._lock:
            self._last_used = self._clock()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Something of the session is running: it is not idle inside the block."""
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._last_used = self._clock()

    def require_open(self) -> None:
        """Raise :class:`SessionError` if the session has ended."""
        if self._ended:
            raise SessionError(ENDED)

    def on_close(self, callback: Callable[[Session], object]) -> None:
        """Call ``callback(session)`` when the session ends; at once if it has ended.

        Registering the same function again changes nothing. Call it *after* something is held: then
        nothing stays behind, whenever the session ends.
        """
        with self._lock:
            if not self._ended:
                self._callbacks.setdefault(callback)
                return
        callback(self)

    def cancellation(self, name: str) -> threading.Event:
        """An event that is set when this job is cancelled: one job of a name, a newer one stops the former.

        It is also set when the session ends, and from the start if it has ended.
        """
        event = threading.Event()
        with self._lock:
            former = self._cancellations.pop(name, None)
            if self._ended:
                event.set()
            else:
                self._cancellations[name] = event
        if former is not None:
            former.set()
        return event

    def cancel(self, name: str) -> None:
        """Stop the job of this name, if there is one."""
        with self._lock:
            event = self._cancellations.pop(name, None)
        if event is not None:
            event.set()

    def close(self) -> None:
        """End the session: stop its jobs, then release what it held, last taken first. May be repeated."""
        with self._lock:
            self._ended = True
            callbacks, self._callbacks = self._callbacks, {}
            cancellations, self._cancellations = self._cancellations, {}
        for event in cancellations.values():
            event.set()
        with ExitStack() as stack:  # goes on where a callback fails, and raises what it raised at the end
            for callback in callbacks:
                stack.callback(callback, self)


class SessionRegistry:
    """The live sessions of one process; those that are not used for their lifetime end.

    They are looked through whenever a session is opened or asked for, so no thread is needed.

    Args:
        clock: Seconds that only rise.
        lifetime: Seconds without use after which a session ends.
        capacity: How many sessions there may be at once.
        capacity_of_address: How many of them may be pages of one address.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        lifetime: float = LIFETIME_SECONDS,
        capacity: int = MAX_SESSIONS,
        capacity_of_address: int = MAX_SESSIONS_OF_ADDRESS,
    ) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._capacity = capacity
        self._capacity_of_address = capacity_of_address
        self._lock = threading.Lock()
        self._swept_at = -math.inf
        self._by_token: dict[str, Session] = {}
        self._by_connection: dict[str, Session] = {}

    def __len__(self) -> int:
        with self._lock:
            return sum(not session.ended for session in self._by_token.values())

    def open(self, connection: str | None, *, address: str | None = None) -> Session:
        """The session of a page: the one that it has, or a new one.

        Args:
            connection: What tells the page's connection from others.
            address: Where it is open, if that is known.

        Raises:
            SessionError: There is no connection, or there are too many sessions.
        """
        if not isinstance(connection, str) or not 0 < len(connection) <= MAX_CONNECTION_LENGTH:
            raise SessionError("Expected a request from an open page, but it names none. Reload the page.")
        with self._swept():
            session = self._by_connection.get(connection) or self._add(connection, address)
            session.touch()
            return session

    @contextmanager
    def open_api(self) -> Iterator[Session]:
        """A session for one call of a program, which ends with the block.

        Raises:
            SessionError: There are too many sessions.
        """
        with self._swept():
            session = self._add(None, PROGRAMS)
        with session, session.busy():
            yield session

    def find(self, token: object) -> Session:
        """The session of a token.

        Raises:
            SessionError: It has ended, or never was.
        """
        if self._clock() - self._swept_at >= SWEEP_SECONDS:
            with self._swept():
                pass
        with self._lock:
            session = self._by_token.get(token) if isinstance(token, str) else None
            if session is None or session.ended or session.idle_seconds() >= self._lifetime:
                raise SessionError(ENDED)
            session.touch()
            return session

    def close(self, connection: str | None) -> None:
        """End the session of a page that was closed, if it has one."""
        with self._swept():
            session = self._by_connection.get(connection or "")
        if session is not None:
            session.close()

    def _add(self, connection: str | None, group: str | None) -> Session:
        sessions = self._by_token.values()
        if len(sessions) >= self._capacity:
            self._make_room(list(sessions), f"{self._capacity} open pages at once")
        neighbours = [session for session in sessions if group and session.group == group]
        if len(neighbours) >= self._capacity_of_address:
            self._make_room(neighbours, f"{self._capacity_of_address} open pages at once from one address")
        session = Session(connection, group=group, clock=self._clock)
        self._by_token[session.token] = session
        if connection is not None:
            self._by_connection[connection] = session
        return session

    def _make_room(self, sessions: list[Session], limit: str) -> None:
        """End the one of these sessions that holds nothing and is idle for longest.

        Raises:
            SessionError: All of them hold something.
        """
        spare = [session for session in sessions if session.holds_nothing]
        if not spare:
            raise SessionError(
                f"Expected at most {limit}, but there are as many already. Try again in some minutes."
            )
        longest_idle = max(spare, key=Session.idle_seconds)
        self._remove(longest_idle)
        longest_idle.close()

    @contextmanager
    def _swept(self) -> Iterator[None]:
        """Hold the lock, with ended and idle sessions taken out; those are closed after it is released."""
        with ExitStack() as after, self._lock:
            self._swept_at = self._clock()
            for session in list(self._by_token.values()):
                if session.ended or session.idle_seconds() >= self._lifetime:
                    self._remove(session)
                    after.callback(session.close)
            yield

    def _remove(self, session: Session) -> None:
        del self._by_token[session.token]
        if session.connection is not None:
            del self._by_connection[session.connection]
