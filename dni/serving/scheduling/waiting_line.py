"""A waiting line: round-robin among groups and, within a group, among owners."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from typing import Generic, Protocol, TypeVar

__all__ = ["WaitingLine"]


class Waits(Protocol):
    """Whoever can stand in line."""

    @property
    def group(self) -> Hashable: ...

    @property
    def owner(self) -> Hashable: ...


W = TypeVar("W", bound=Waits)


class WaitingLine(Generic[W]):
    """Who waits, in the order in which they are served; not safe to share between threads.

    A group is an address or all programs: whoever opens a hundred pages there gets no more than one turn of
    a group in each round.
    """

    def __init__(self) -> None:
        self._groups: OrderedDict[Hashable, OrderedDict[Hashable, deque[W]]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._groups)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[W]:
        for owners in self._groups.values():
            for waiting in owners.values():
                yield from waiting

    def of_owner(self, owner: Hashable) -> list[W]:
        """Those of one owner, the oldest first."""
        return [one for owners in self._groups.values() for one in owners.get(owner, ())]

    def of_group(self, group: Hashable) -> int:
        """How many of a group wait."""
        return sum(map(len, self._groups.get(group, {}).values()))

    def join(self, one: W) -> None:
        """Put somebody behind the others of the same owner."""
        owners = self._groups.setdefault(one.group, OrderedDict())
        owners.setdefault(one.owner, deque()).append(one)

    def served(self, one: W) -> None:
        """Put the group and the owner of who is being served behind those who came meanwhile."""
        owners = self._groups.get(one.group)
        if owners is not None:
            self._groups.move_to_end(one.group)
            if one.owner in owners:
                owners.move_to_end(one.owner)

    def next(self) -> W:
        """Take out who is next; there must be somebody."""
        owners = next(iter(self._groups.values()))
        one = next(iter(owners.values()))[0]
        self.remove(one)
        self.served(one)
        return one

    def remove(self, one: W) -> None:
        """Take somebody out."""
        owners = self._groups[one.group]
        owners[one.owner].remove(one)
        if not owners[one.owner]:
            del owners[one.owner]
        if not owners:
            del self._groups[one.group]
