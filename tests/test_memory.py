"""Results are made once, and the oldest are forgotten."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dni.adapt.memory import Memory


def test_a_result_is_made_once() -> None:
    memory, made = Memory(2), []
    assert [memory.recall("a", lambda: made.append(1) or len(made)) for _ in range(3)] == [1, 1, 1]


def test_those_who_ask_at_once_share_one_making() -> None:
    memory, made = Memory(2), []

    def make() -> str:
        made.append(threading.get_ident())
        time.sleep(0.05)
        return "result"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: memory.recall("a", make), range(8)))
    assert results == ["result"] * 8
    assert len(made) == 1


def test_other_keys_do_not_wait() -> None:
    memory, go_on = Memory(2), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(memory.recall, "slow", lambda: go_on.wait(5))
        assert memory.recall("quick", lambda: 1) == 1
        go_on.set()
        assert slow.result()


def test_what_is_unused_for_longest_is_forgotten() -> None:
    memory = Memory(2)
    for key in ("a", "b", "a", "c"):
        memory.recall(key, lambda key=key: key.upper())
    assert memory.recall("a", lambda: "again") == "A"
    assert memory.recall("b", lambda: "again") == "again"


def test_a_failure_is_not_remembered() -> None:
    memory = Memory(2)
    with pytest.raises(ZeroDivisionError):
        memory.recall("a", lambda: 1 // 0)
    assert memory.recall("a", lambda: 1) == 1


def test_a_making_may_recall_another() -> None:
    memory = Memory(2)
    assert memory.recall("a", lambda: memory.recall("b", lambda: 1) + 1) == 2
