"""The store with a size in bytes."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dni.caches import ByteCache


def make(capacity: int = 10, **entries: int) -> ByteCache[str, bytes]:
    """A store with entries of the given sizes, put in that order."""
    cache: ByteCache[str, bytes] = ByteCache(capacity, size_of=len)
    for key, size in entries.items():
        cache.put(key, bytes(size))
    return cache


def kept(cache: ByteCache[str, bytes], keys: str = "abcdef") -> str:
    """The keys that are there, of those asked for; asking makes each the most recently used."""
    return "".join(key for key in keys if cache.get(key) is not None)


def test_what_was_put_is_got() -> None:
    cache = make()
    value = b"12345"
    cache.put("a", value)
    assert cache.get("a") is value
    assert cache.get("b") is None
    assert (len(cache), cache.bytes) == (1, 5)


def test_the_capacity_is_in_bytes_and_inclusive() -> None:
    assert kept(make(a=4, b=6)) == "ab"
    cache = make(a=4, b=6, c=1)
    assert kept(cache) == "bc"
    assert cache.bytes == 7


def test_as_many_old_entries_go_as_the_new_one_needs() -> None:
    assert kept(make(a=3, b=3, c=3, d=6)) == "cd"


def test_what_was_used_last_stays_longest() -> None:
    cache = make(a=3, b=3, c=3)
    cache.get("a")
    cache.put("d", bytes(3))
    assert kept(cache) == "acd"
    cache.put("a", bytes(3))  # putting is using too
    cache.put("e", bytes(3))
    assert kept(cache) == "ade"


def test_asking_for_what_is_not_there_changes_nothing() -> None:
    cache = make(a=5, b=5)
    cache.get("c")
    cache.put("c", bytes(5))
    assert kept(cache) == "bc"


@pytest.mark.parametrize("size", [1, 4, 10])
def test_a_replaced_entry_is_counted_once(size: int) -> None:
    cache = make(a=4)
    value = bytes(size)
    cache.put("a", value)
    assert cache.get("a") is value
    assert (len(cache), cache.bytes) == (1, size)


def test_an_entry_larger_than_the_capacity_is_not_kept_and_costs_the_others_nothing() -> None:
    cache = make(a=4, b=4, c=11)
    assert kept(cache) == "ab"
    assert cache.bytes == 8


def test_a_replacement_that_is_too_large_does_not_leave_the_old_one() -> None:
    cache = make(a=4, b=4)
    cache.put("a", bytes(11))
    assert kept(cache) == "b"
    assert cache.bytes == 4


def test_the_newest_may_be_larger_than_the_capacity_where_that_is_asked_for() -> None:
    cache: ByteCache[str, bytes] = ByteCache(10, size_of=len, keeps_newest=True)
    for key, size in (("a", 4), ("b", 4), ("c", 50)):
        cache.put(key, bytes(size))
    assert (kept(cache), cache.bytes) == ("c", 50)
    cache.put("d", bytes(60))
    assert (kept(cache), cache.bytes) == ("d", 60)
    cache.put("e", bytes(3))
    cache.put("f", bytes(7))
    assert (kept(cache), cache.bytes) == ("ef", 10)


def test_entries_without_bytes_are_kept() -> None:
    assert kept(make(0, a=0, b=0, c=1)) == "ab"


def test_dropping_by_key() -> None:
    cache = make(a=1, b=2, c=3)
    cache.drop(lambda key: key in "ac")
    assert kept(cache) == "b"
    assert (len(cache), cache.bytes) == (1, 2)
    cache.drop(lambda key: False)
    assert kept(cache) == "b"


def test_sizes_are_what_the_caller_says() -> None:
    cache: ByteCache[int, str] = ByteCache(2, size_of=lambda _: 1)
    for number in range(3):
        cache.put(number, "any length")
    assert [number for number in range(3) if cache.get(number)] == [1, 2]


def test_threads_leave_the_count_right_and_see_whole_entries_of_their_key() -> None:
    cache: ByteCache[int, bytes] = ByteCache(500, size_of=len)
    start = threading.Barrier(8)

    def work(seed: int) -> None:
        choose = random.Random(seed)
        start.wait()
        for _ in range(3000):
            key = choose.randrange(30)
            action = choose.random()
            if action < 0.5:
                cache.put(key, bytes([key]) * choose.randrange(1, 60))
            elif action < 0.95:
                assert set(cache.get(key) or [key]) == {key}
            else:
                cache.drop(lambda other, key=key: other == key)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result()
    values = [value for key in range(30) if (value := cache.get(key)) is not None]
    assert len(values) == len(cache) > 5
    assert sum(map(len, values)) == cache.bytes <= 500
