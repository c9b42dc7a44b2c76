"""A value that is built when somebody first asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Lazy"]

T = TypeVar("T")


class Lazy(Generic[T]):
    """Builds its value once, also for threads that ask at once; after a failure the next one tries again.

    Args:
        build: What builds it.
    """

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._built: list[T] = []
        self._lock = threading.Lock()

    def get(self) -> T:
        """The value; raises what ``build`` raises."""
        with self._lock:
            if not self._built:
                self._built.append(self._build())
            return self._built[0]
