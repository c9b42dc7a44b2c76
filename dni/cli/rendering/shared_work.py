"""Shares a folder's pictures between processes and hosts, without a server.

``torchrun`` and ``accelerate launch`` start the same command several times and tell each process its ``RANK``
among ``WORLD_SIZE``. Each begins with every WORLD_SIZE-th picture; whoever is through with those helps the
others, from the end of their shares. What somebody is working on, and who is there, are locks on single bytes
of one file in the folder of results: the kernel releases them however a process ends (``man 2 fcntl``), on
network file systems as well, so nothing has to be cleaned up and nothing is decided by a clock.

Who does not see the others' locks (hosts with folders of their own, Windows) does its own share only.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from dni.errors import DniError, shown

if sys.platform != "win32":
    import fcntl

__all__ = ["CLAIMS_FILE", "Claims", "Worker", "run_shared", "worker_of"]

CLAIMS_FILE = ".dni-claims"
# The first bytes stand for workers, the others for pictures.
MAX_WORKERS = 1 << 16
ATTEMPTS, PAUSE_SECONDS = 10, 0.02
PICTURE_BYTES = 6  # of the hash of a name; a byte's place has to be below 2^63

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Worker:
    """One of the processes that share the work.

    Attributes:
        rank: Which, from 0.
        count: How many there are.
    """

    rank: int = 0
    count: int = 1

    def order(self, items: Sequence[T]) -> list[tuple[int, T]]:
        """All items with the rank whose share each is in: the own first, then the others' from the end."""
        own = [(self.rank, item) for item in items[self.rank :: self.count]]
        others = [(self.rank + step) % self.count for step in range(1, self.count)]
        return own + [(rank, item) for rank in others for item in reversed(items[rank :: self.count])]


def worker_of(environment: Mapping[str, str]) -> Worker:
    """Who this process is, by RANK and WORLD_SIZE; the only one where they are not set.

    Raises:
        DniError: They are no numbers, or do not go together.
    """
    words = environment.get("RANK", "0"), environment.get("WORLD_SIZE", "1")
    try:
        rank, count = map(int, words)
    except ValueError:
        rank, count = -1, 0
    if not 0 <= rank < count <= MAX_WORKERS:
        raise DniError(
            f"Expected RANK from 0 and below WORLD_SIZE, at most {MAX_WORKERS}, but got {shown(words[0])} "
            f"and {shown(words[1])}. Start with torchrun or accelerate launch, or unset both."
        )
    return Worker(rank, count)


class Claims:
    """Locks on bytes of one file; they end with the process.

    Args:
        folder: Where the file is, or shall be.
    """

    def __init__(self, folder: Path) -> None:
        self.file: int | None = None
        if sys.platform != "win32":
            self.file = os.open(folder / CLAIMS_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def __enter__(self) -> Claims:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.file is not None:
            os.close(self.file)  # all its locks go with it
            self.file = None

    def take(self, place: int) -> bool:
        """Lock a byte; False if another process has it, or the file system has no locks."""
        if sys.platform == "win32" or self.file is None:
            return False
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True

    def release(self, place: int) -> None:
        if sys.platform != "win32" and self.file is not None:
            fcntl.lockf(self.file, fcntl.LOCK_UN, 1, place)

    def is_taken(self, place: int) -> bool:
        """Whether another process has the byte."""
        if not self.take(place):
            return self.file is not None
        self.release(place)
        return False


@dataclass
class Present:
    """Which workers were seen: those share the file, and with it the work."""

    worker: Worker
    claims: Claims
    seen: set[int] = field(default_factory=set)

    def enter(self) -> bool:
        """Let others see this one; False without locks, or where another process has its rank."""
        for _ in range(ATTEMPTS):
            if self.claims.take(self.worker.rank):
                return True
            time.sleep(PAUSE_SECONDS)  # others hold the byte for a moment while they look
        return False

    def look(self) -> None:
        ranks = set(range(self.worker.count)) - {self.worker.rank} - self.seen
        self.seen |= {rank for rank in ranks if self.claims.is_taken(rank)}


def run_shared(
    items: Sequence[T],
    folder: Path,
    worker: Worker,
    *,
    name_of: Callable[[T], str],
    is_done: Callable[[T], bool],
    work: Callable[[T], bool],
) -> list[T]:
    """Do what nobody else does or has done; the others run the same on the same items.

    Args:
        items: All of the work, in an order that is the same for all.
        folder: Where the claims are kept.
        worker: Who this is.
        name_of: What tells an item from the others, for all workers.
        is_done: Whether an item's results are there; asked while no one else works on it.
        work: Does it; False if it failed. What failed stays claimed, so that no other worker tries it too
            while this one lives.

    Returns:
        The items of this worker's own share that others were working on to the end.
    """
    left: list[T] = []
    if worker.count == 1:
        return run_alone(worker, items, is_done, work)
    with Claims(folder) as claims:
        present = Present(worker, claims)
        if not present.enter():
            return run_alone(worker, items, is_done, work)
        for rank, item in worker.order(items):
            present.look()
            if rank != worker.rank and rank not in present.seen:
                continue
            with claimed(claims, place_of(name_of(item))) as (mine, keep):
                if mine and not is_done(item) and not work(item):
                    keep()
            if not mine and rank == worker.rank:
                left.append(item)
    return [item for item in left if not is_done(item)]


def run_alone(
    worker: Worker, items: Sequence[T], is_done: Callable[[T], bool], work: Callable[[T], bool]
) -> list[T]:
    """The own share, where claims cannot be made."""
    for item in items[worker.rank :: worker.count]:
        if not is_done(item):
            work(item)
    return []


@contextmanager
def claimed(claims: Claims, place: int) -> Iterator[tuple[bool, Callable[[], None]]]:
    """Whether the byte could be had, and what to call to keep it until the process ends."""
    kept: list[bool] = []
    mine = claims.take(place)
    try:
        yield mine, lambda: kept.append(True)
    finally:
        if mine and not kept:
            claims.release(place)


def place_of(name: str) -> int:
    """The byte that stands for a name."""
    digest = hashlib.sha256(os.fsencode(name)).digest()[:PICTURE_BYTES]
    return MAX_WORKERS + int.from_bytes(digest, "big")
