"""Caches bounded in bytes, also of results that concurrent callers compute only once; and a lazy value."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

__all__ = ["ByteCache", "Lazy", "SingleFlightCache", "size_of"]

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LEAST_BYTES = 256


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
            while self.bytes > self.capacity and len(self._entries) > 1:
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


class SingleFlightCache:
    """Results by their keys, up to ``capacity`` bytes; those unused for longest are forgotten first.

    Safe to share between threads. Keys are not counted: keep large things out of them.
    """

    def __init__(self, capacity: int) -> None:
        self._results: ByteCache[Hashable, Any] = ByteCache(capacity, size_of=size_of)
        self._in_flight: WeakValueDictionary[Hashable, InFlight] = WeakValueDictionary()
        self._guard = threading.Lock()

    @property
    def bytes(self) -> int:
        """How much is remembered now."""
        return self._results.bytes

    def recall(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of ``key``, made now if it is not remembered; others who want it wait for it.

        ``make`` may recall other keys, but not, by any way, its own; if it raises, the next one tries again.
        """
        making = self._join(key)
        with making.lock:
            if making.result is None:
                making.result = self._results.get(key)
            if making.result is None:
                making.result = make()
                self._put(key, making)
            result: T = making.result
            return result

    def drop(self, matches: Callable[[Any], bool]) -> None:
        """Forget the results whose key matches; those in the making reach only who waits for them now."""
        with self._guard:
            for key, making in list(self._in_flight.items()):
                if matches(key):
                    making.wanted = False
                    del self._in_flight[key]
            self._results.drop(matches)

    def _join(self, key: Hashable) -> InFlight:
        with self._guard:
            making = self._in_flight.get(key) or InFlight()
            self._in_flight[key] = making
            return making

    def _put(self, key: Hashable, making: InFlight) -> None:
        with self._guard:
            if making.wanted:
                self._results.put(key, making.result)


class InFlight:
    """One making of a result, alive as long as somebody waits for it: they get it even if it is not kept."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.result: Any = None
        self.wanted = True


def size_of(value: Any) -> int:
    """About how many bytes a result takes.

    A value that has ``nbytes`` (a tensor, an array) is asked; dataclasses, mappings, tuples and lists are
    summed; anything else counts as the bare object. The least is 256 bytes, about what an entry costs.
    """
    return max(LEAST_BYTES, content_bytes(value))


def content_bytes(value: Any) -> int:
    nbytes = getattr(value, "nbytes", None)
    own = nbytes if isinstance(nbytes, int) else sys.getsizeof(value)
    return own + sum(content_bytes(part) for part in parts_of(value))


def parts_of(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, tuple | list):
        return list(value)
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    return []
