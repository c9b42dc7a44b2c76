"""Results are made once, are bounded in bytes, and the oldest are forgotten."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from dni.caches import SingleFlightCache, size_of

LARGE = 1_000_000


def array(size: int, value: int = 0) -> np.ndarray:
    return np.full(size, value, np.uint8)


def never() -> Any:
    raise AssertionError("made again")


def test_a_result_is_made_once() -> None:
    memory, made = SingleFlightCache(LARGE), []
    assert [memory.recall("a", lambda: made.append(1) or len(made)) for _ in range(3)] == [1, 1, 1]


class Watched(SingleFlightCache):
    """Tells how many have asked; timing must not decide whether they ask at once."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.waiting = threading.Semaphore(0)

    def _join(self, key: Any) -> Any:
        making = super()._join(key)
        self.waiting.release()
        return making


@pytest.mark.parametrize("capacity", [LARGE, 10], ids=["kept", "too large to keep"])
def test_those_who_ask_at_once_share_one_making(capacity: int) -> None:
    memory, made = Watched(capacity), []

    def make() -> np.ndarray:
        made.append(threading.get_ident())
        assert all(memory.waiting.acquire(timeout=5) for _ in range(8))
        return array(1000, 7)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: int(memory.recall("a", make)[0]), range(8))) == [7] * 8
    assert len(made) == 1


def test_other_keys_do_not_wait() -> None:
    memory, go_on = SingleFlightCache(LARGE), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(memory.recall, "slow", lambda: go_on.wait(5))
        assert memory.recall("quick", lambda: 1) == 1
        go_on.set()
        assert slow.result()


def test_what_is_unused_for_longest_is_forgotten_when_the_bytes_are_full() -> None:
    memory = SingleFlightCache(3000)
    for key in ("a", "b", "c", "a", "d"):
        memory.recall(key, lambda: array(1000))
    assert memory.bytes == 3000
    for key in ("a", "c", "d"):
        memory.recall(key, never)
    assert memory.recall("b", lambda: "again") == "again"


def test_what_is_larger_than_the_capacity_is_given_and_not_kept() -> None:
    memory = SingleFlightCache(1000)
    memory.recall("small", lambda: array(900))
    assert len(memory.recall("large", lambda: array(1001))) == 1001
    memory.recall("small", never)
    assert len(memory.recall("large", lambda: array(300))) == 300


def test_a_failure_is_not_remembered() -> None:
    memory = SingleFlightCache(LARGE)
    with pytest.raises(ZeroDivisionError):
        memory.recall("a", lambda: 1 // 0)
    assert memory.recall("a", lambda: 1) == 1


def test_a_making_may_recall_another() -> None:
    memory = SingleFlightCache(LARGE)
    assert memory.recall("a", lambda: memory.recall("b", lambda: 1) + 1) == 2


def test_dropping_frees_what_matches() -> None:
    memory = SingleFlightCache(LARGE)
    for key in (("ada", 1), ("ada", 2), ("bob", 1)):
        memory.recall(key, lambda: array(1000))
    memory.drop(lambda key: key[0] == "ada")
    assert memory.bytes == 1000
    memory.recall(("bob", 1), never)
    assert memory.recall(("ada", 1), lambda: "again") == "again"


def test_what_is_dropped_while_it_is_made_is_given_and_not_kept() -> None:
    memory, begun, go_on = SingleFlightCache(LARGE), threading.Event(), threading.Event()

    def make() -> str:
        begun.set()
        assert go_on.wait(5)
        return "first"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(memory.recall, "a", make)
        assert begun.wait(5)
        memory.drop(lambda key: key == "a")
        assert memory.recall("a", lambda: "second") == "second"  # does not wait for what was dropped
        memory.drop(lambda key: key == "a")
        go_on.set()
        assert first.result() == "first"
    assert memory.bytes == 0


@dataclass(frozen=True)
class Result:
    positions: torch.Tensor
    rows: tuple[dict[str, Any], ...]


class Network:
    nbytes = 12_345


TENSOR = torch.zeros(100, 3, dtype=torch.bfloat16)


@pytest.mark.parametrize(
    ("value", "least"),
    [
        (TENSOR, 600),
        (array(1000), 1000),
        (np.zeros(1000, np.float64), 8000),
        (bytes(1000), 1000),
        (Network(), 12_345),
        ([TENSOR, TENSOR], 1200),
        ({"a": array(500), "b": [bytes(500)]}, 1000),
        (Result(TENSOR, ({"row": array(400)},)), 1000),
        (tuple(float(number) for number in range(1000)), 8000 + 24_000),
    ],
    ids=["tensor", "array", "wide array", "bytes", "nbytes", "list", "dict", "dataclass", "numbers"],
)
def test_sizes(value: Any, least: int) -> None:
    assert least <= size_of(value) < least * 1.2 + 500


@pytest.mark.parametrize("value", [0.5, "", (), object(), torch.zeros(1), b"1"])
def test_the_least_size(value: Any) -> None:
    assert size_of(value) == 256


def test_many_small_results_are_bounded_too() -> None:
    memory = SingleFlightCache(256 * 100)
    for number in range(1000):
        memory.recall(number, lambda number=number: number * 0.5)
    assert memory.bytes == 256 * 100
    memory.recall(900, never)
    assert memory.recall(899, lambda: "again") == "again"
