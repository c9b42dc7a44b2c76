"""Results that are made once, however many people ask for them at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from dni.cache import ByteCache

__all__ = ["Memory"]

T = TypeVar("T")


class Memory:
    """Up to ``capacity`` results by their keys, those unused for longest forgotten first; safe to share
    between threads."""

    def __init__(self, capacity: int) -> None:
        # Here a result counts as one byte.
        self._results: ByteCache[Hashable, Any] = ByteCache(capacity, size_of=lambda _: 1)
        self._making: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    def recall(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of ``key``, made now if it is not remembered; others who want it wait for it.

        ``make`` may recall other keys, but not, by any way, its own; if it raises, the next one tries again.
        """
        with self._lock_of(key):
            result: T | None = self._results.get(key)
            if result is None:
                result = make()
                self._results.put(key, result)
            return result

    def _lock_of(self, key: Hashable) -> threading.Lock:
        with self._guard:
            lock = self._making.get(key) or threading.Lock()
            self._making[key] = lock
            return lock
