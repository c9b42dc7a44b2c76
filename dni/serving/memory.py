"""Results that are made once, however many people ask for them at once; bounded in bytes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from dni.serving.cache import ByteCache

__all__ = ["Memory", "size_of"]

T = TypeVar("T")

LEAST_BYTES = 256


class Memory:
    """Results by their keys, up to ``capacity`` bytes; those unused for longest are forgotten first.

    Safe to share between threads. Keys are not counted: keep large things out of them.
    """

    def __init__(self, capacity: int) -> None:
        self._results: ByteCache[Hashable, Any] = ByteCache(capacity, size_of=size_of)
        self._making: WeakValueDictionary[Hashable, Making] = WeakValueDictionary()
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
            for key, making in list(self._making.items()):
                if matches(key):
                    making.wanted = False
                    del self._making[key]
            self._results.drop(matches)

    def _join(self, key: Hashable) -> Making:
        with self._guard:
            making = self._making.get(key) or Making()
            self._making[key] = making
            return making

    def _put(self, key: Hashable, making: Making) -> None:
        with self._guard:
            if making.wanted:
                self._results.put(key, making.result)


class Making:
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
