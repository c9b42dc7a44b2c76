"""Which networks and which picture a tab shall show when slow events of one person overlap.

An event gets the scene of when it was triggered, and answers with a whole scene. Networks that take a minute
to download must not bring back the picture of a minute ago, nor a large upload the networks.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from dni.serving.sessions import Session

__all__ = ["Choice", "Choices"]

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Choice:
    """One choice, from the click to the answer.

    Attributes:
        session: Whose it is.
        began: Later ones have larger numbers.
    """

    session: Session
    began: int
    _newest: WeakKeyDictionary[Session, int]

    def is_superseded(self) -> bool:
        """Whether the person has chosen another one of the same kind since, or is gone."""
        return self.session.ended or self._newest.get(self.session) != self.began


class Choices(Generic[Value]):
    """A tab's choices of one kind, by session: a newer one supersedes the former.

    A session holds nothing for them: one that only chose may make room for others.
    """

    def __init__(self) -> None:
        self._newest: WeakKeyDictionary[Session, int] = WeakKeyDictionary()
        self._settled: WeakKeyDictionary[Session, tuple[int, Value]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def begin(self, session: Session) -> Choice:
        with self._lock:
            self._newest[session] = began = next(NUMBERS)
        return Choice(session, began, self._newest)

    def settle(self, choice: Choice, value: Value) -> bool:
        """Note what came of a choice, before the scene with it is built; False if it is superseded."""
        with self._lock:
            if choice.is_superseded():
                return False
            self._settled[choice.session] = (next(NUMBERS), value)
            return True

    def note(self, session: Session, value: Value) -> None:
        """Note what is shown now without a choice, such as networks that were aligned."""
        with self._lock:
            self._settled[session] = (next(NUMBERS), value)

    def since(self, other: Choice, former: Value) -> Value:
        """What was settled after another kind's choice began; else ``former``, which it began with."""
        with self._lock:
            settled, value = self._settled.get(other.session, (0, former))
        return value if settled > other.began else former


NUMBERS = count(1)
