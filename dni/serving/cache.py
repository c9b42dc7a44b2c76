"""A store with a size in bytes: the oldest unused entries make room for new ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["ByteCache"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """Least-recently-used entries up to ``capacity`` bytes; safe to share between threads.

    Args:
        capacity: In bytes.
        size_of: How many bytes an entry takes.
        keeps_newest: Keep an entry that is larger than the capacity, as the only one, until the next comes;
            else it is not kept.
    """

    def __init__(self, capacity: int, *, size_of: Callable[[V], int], keeps_newest: bool = False) -> None:
        self.capacity = capacity
        self.keeps_newest = keeps_newest
        self.bytes = 0
        self._size_of = size_of
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The entry, now the most recently used, or ``None``."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep an entry, in place of an older one of the same key."""
        with self._lock:
            self._forget(key)
            if self._size_of(value) > self.capacity and not self.keeps_newest:
                return  # making room for it would only empty the store
            self._entries[key] = value
            self.bytes += self._size_of(value)
            kept = 1 if self.keeps_newest else 0
            while self.bytes > self.capacity and len(self._entries) > kept:
                self._forget(next(iter(self._entries)))

    def drop(self, matches: Callable[[K], bool]) -> None:
        """Forget all entries whose key matches."""
        with self._lock:
            for key in [key for key in self._entries if matches(key)]:
                self._forget(key)

    def __len__(self) -> int:
        return len(self._entries)

    def _forget(self, key: K) -> None:
        if key in self._entries:
            self.bytes -= self._size_of(self._entries.pop(key))
