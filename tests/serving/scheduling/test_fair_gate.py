"""The gate lets people in by the order in which they came, few at once."""

from __future__ import annotations

import threading
import time

import pytest

from dni.rendering.control import Cancelled
from dni.serving.scheduling.fair_gate import FairGate


def test_nobody_comes_in_again_before_those_who_wait() -> None:
    gate, order, ready = FairGate(1), [], threading.Event()

    def batch(name: str) -> None:
        for _ in range(3):
            with gate.enter():
                order.append(name)
                ready.set()
                time.sleep(0.01)

    with gate.enter():
        threads = [threading.Thread(target=batch, args=(name,)) for name in "ab"]
        for count, thread in enumerate(threads, start=1):
            thread.start()
            while len(gate._waiting) < count:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list("ababab")


def test_who_is_cancelled_leaves_the_line_and_takes_no_place() -> None:
    gate, cancelled = FairGate(1), threading.Event()
    cancelled.set()
    with gate.enter(), pytest.raises(Cancelled), gate.enter(cancelled):
        pass
    with gate.enter(cancelled):  # there is room: nothing to wait for
        pass


def test_as_many_are_inside_as_there_is_room() -> None:
    gate = FairGate(2)
    cancelled = threading.Event()
    cancelled.set()
    with gate.enter(), gate.enter(), pytest.raises(Cancelled), gate.enter(cancelled):
        pass
    with gate.enter(cancelled), gate.enter(cancelled):
        pass


def test_an_address_that_was_never_inside_comes_before_the_many_pages_of_one_that_was() -> None:
    gate, order = FairGate(1), []

    def wait(group: str, owner: str) -> None:
        with gate.enter(group=group, owner=owner):
            order.append(owner)

    with gate.enter(group="crowd", owner="first"):
        threads = []
        for count, (group, owner) in enumerate(
            [("crowd", "first"), ("crowd", "second"), ("crowd", "third"), ("somebody", "new")], start=1
        ):
            threads.append(threading.Thread(target=wait, args=(group, owner)))
            threads[-1].start()
            while len(gate._waiting) < count:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == ["new", "second", "third", "first"]
