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


@dataclass(frozen=True)
class Choice:
    """One choice, from the click to the answer.

    Attributes:
        began: Later ones have larger numbers.
        superseded: Set when the person chooses another one of the same kind, or is gone.
    """

    began: int
    superseded: threading.Event


class Choices(Generic[Value]):
    """A tab's choices of one kind, by session.

    Args:
        name: Of the kind and tab: a newer choice of the same name supersedes a former one.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._settled: WeakKeyDictionary[Session, tuple[int, Value]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def begin(self, session: Session) -> Choice:
        return Choice(next(NUMBERS), session.cancellation(self._name))

    def settle(self, session: Session, choice: Choice, value: Value) -> bool:
        """Note what came of a choice, before the scene with it is built; False if it is superseded."""
        with self._lock:
            if choice.superseded.is_set():
                return False
            self._settled[session] = (next(NUMBERS), value)
            return True

    def since(self, session: Session, other: Choice, former: Value) -> Value:
        """What was settled after another kind's choice began; else ``former``, which it began with."""
        with self._lock:
            settled, value = self._settled.get(session, (0, former))
        return value if settled > other.began else former


NUMBERS = count(1)
