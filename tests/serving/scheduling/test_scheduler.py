"""Turns go by rank, round the owners, and to one at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from dni.rendering.control import Cancelled
from dni.serving.scheduling.scheduler import (
    MAX_WAITING,
    PATIENCE_SECONDS,
    QUANTUM_SECONDS,
    QUIET_SECONDS,
    Priority,
    Scheduler,
    Superseded,
    TooManyWaitingError,
)

PATIENCE = 20
LIVE, AHEAD, EXPORT = Priority


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


class Office:
    """People who ask for turns, one after another, and the order in which they got them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.scheduler = Scheduler(self.clock)
        self.served: list[str] = []
        self._pool = ThreadPoolExecutor(32)

    def ask(
        self,
        name: str,
        priority: Priority = LIVE,
        *,
        coalesce_key: str | None = None,
        seconds: float = 0.0,
        cancelled: threading.Event | None = None,
        group: str | None = None,
    ) -> Future[None]:
        """Stand in line as the owner that the name begins with; return when in line, or served."""
        owner, before = name[0], self.scheduler.count(name[0])

        def work() -> None:
            with self.scheduler.slot(
                owner, priority, group=group, coalesce_key=coalesce_key, cancelled=cancelled
            ):
                self.served.append(name)
                self.clock.now += seconds

        done = self._pool.submit(work)
        wait_until(lambda: done.done() or self.scheduler.count(owner) != before or coalesce_key is not None)
        return done

    @contextmanager
    def busy(self, owner: str = "somebody") -> Iterator[None]:
        """Have the turn, and afterwards wait until all are served."""
        with self.scheduler.slot(owner, LIVE):
            yield
        wait_until(lambda: not any(self.scheduler.count(name) for name in "abcdefx"))
        with self.scheduler.slot("last", EXPORT):
            pass


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office._pool.shutdown()


def test_one_at_a_time(office: Office) -> None:
    inside, most = [], []

    def work(number: int) -> None:
        with office.scheduler.slot(number, Priority(number % 3)):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.002)
            inside.remove(number)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(48)))
    assert most == [1] * 48


def test_the_most_urgent_comes_first(office: Office) -> None:
    with office.busy():
        for name, priority in (
            ("a export", EXPORT),
            ("b ahead", AHEAD),
            ("c live", LIVE),
            ("d ahead", AHEAD),
        ):
            office.ask(name, priority)
        assert office.served == []
    assert office.served == ["c live", "b ahead", "d ahead", "a export"]


def test_turns_go_round_the_owners_and_in_order_within_one(office: Office) -> None:
    with office.busy():
        for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
            office.ask(name)
    assert office.served == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_is_being_served_is_behind_those_who_come_meanwhile(office: Office) -> None:
    with office.busy("a"):
        office.ask("a2")
        office.ask("b1")
        office.ask("c1")
    assert office.served == ["b1", "c1", "a2"]


def test_a_group_has_one_turn_in_each_round_however_many_it_is(office: Office) -> None:
    with office.busy():
        for name in ("a1", "b1", "c1"):
            office.ask(name, group="crowd")
        office.ask("d1", group="alone")
        office.ask("d2", group="alone")
    assert office.served == ["a1", "d1", "b1", "d2", "c1"]


def test_more_than_enough_of_one_group_are_turned_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dni.serving.scheduling.scheduler.MAX_WAITING_OF_GROUP", 3)
    with office.busy():
        waiting = [office.ask(name, EXPORT, group="crowd") for name in ("a1", "b1", "c1")]
        with pytest.raises(TooManyWaitingError, match="at most 3 requests at once from one place, but there"):
            office.ask("d1", EXPORT, group="crowd").result(PATIENCE)
        waiting.append(office.ask("e1", EXPORT, group="others"))
        waiting.append(office.ask("f1", LIVE, group="crowd"))
    for one in waiting:
        one.result(PATIENCE)


def test_ranks_have_lines_of_their_own(office: Office) -> None:
    with office.busy():
        for name, priority in (("a1", AHEAD), ("a2", LIVE), ("b1", LIVE), ("b2", AHEAD)):
            office.ask(name, priority)
    assert office.served == ["a2", "b1", "a1", "b2"]


def test_a_newer_request_takes_the_place_of_the_one_that_waits(office: Office) -> None:
    with office.busy():
        old = office.ask("a old", coalesce_key="frame")
        wait_until(lambda: office.scheduler.count("a") == 1)
        others = [office.ask("a ahead", AHEAD), office.ask("b live"), office.ask("a without lane")]
        office.ask("a new", coalesce_key="frame")
        with pytest.raises(Superseded):
            old.result(PATIENCE)
    for other in others:
        other.result(PATIENCE)
    assert "a old" not in office.served
    assert sorted(office.served) == ["a ahead", "a new", "a without lane", "b live"]


def test_of_another_owner_or_lane_or_rank_nothing_is_superseded(office: Office) -> None:
    with office.busy():
        office.ask("a1", coalesce_key="frame")
        wait_until(lambda: office.scheduler.count("a") == 1)
        office.ask("b1", coalesce_key="frame")
        office.ask("a2", coalesce_key="map")
        wait_until(lambda: office.scheduler.count("a") == 2)
        office.ask("a3", AHEAD, coalesce_key="frame")
        wait_until(lambda: office.scheduler.count("a") == 3)
    assert sorted(office.served) == ["a1", "a2", "a3", "b1"]


def test_a_turn_that_has_begun_is_not_superseded(office: Office) -> None:
    with office.scheduler.slot("a", LIVE, coalesce_key="frame"):
        newer = office.ask("a new", coalesce_key="frame")
    newer.result(PATIENCE)
    assert office.served == ["a new"]


def test_too_many_frames_of_one_owner_drop_the_oldest_but_no_exports(office: Office) -> None:
    with office.busy():
        frames = [office.ask(f"a{number}", AHEAD) for number in range(MAX_WAITING)]
        exports = [office.ask(f"b{number}", EXPORT) for number in range(MAX_WAITING + 2)]
        assert office.scheduler.count("a") == MAX_WAITING
        office._pool.submit(office.ask, "a new", AHEAD)
        with pytest.raises(Superseded):
            frames[0].result(PATIENCE)
        wait_until(lambda: office.scheduler.count("a") == MAX_WAITING)
    for done in (*frames[1:], *exports):
        done.result(PATIENCE)
    assert "a0" not in office.served


@pytest.mark.parametrize("priority", [AHEAD, EXPORT])
def test_nobody_is_passed_over_for_longer_than_their_patience(office: Office, priority: Priority) -> None:
    step = PATIENCE_SECONDS / 4
    with office.busy():
        for number in range(2):
            office.ask(f"x{number}", priority, seconds=5.0)
        for owner in "abcdef":
            office.ask(f"{owner} live", seconds=step)
            office.ask(f"{owner} live again", seconds=step)
    places = [place for place, name in enumerate(office.served) if name.startswith("x")]
    assert places == [4, 9]  # after four turns each time


def export_in_steps(office: Office, steps: int, before_step: Callable[[int], object]) -> Future[None]:
    """An export that may give way before each step, and takes a second for one."""

    def work() -> None:
        with office.scheduler.slot("export", EXPORT, group="export") as waiter:
            for step in range(steps):
                before_step(step)
                office.scheduler.give_way(waiter)
                office.served.append(f"step {step}")
                office.clock.now += 1.0

    return office._pool.submit(work)


def test_an_export_pauses_for_frames_and_for_nothing_else(office: Office) -> None:
    asked: dict[int, tuple[str, Priority]] = {1: ("a", LIVE), 2: ("b", AHEAD), 3: ("c", EXPORT)}
    export_in_steps(office, 4, lambda step: step in asked and office.ask(*asked[step])).result(PATIENCE)
    with office.busy():
        pass
    assert office.served == ["step 0", "a", "step 1", "step 2", "step 3", "b", "c"]


def test_a_paused_export_goes_on_when_its_turn_has_come(office: Office) -> None:
    def drag(step: int) -> None:
        for owner in "abcd" if step in (1, 2) else "":
            office.ask(f"{owner}{step}", seconds=PATIENCE_SECONDS / 2)

    export_in_steps(office, 4, drag).result(PATIENCE)
    wait_until(lambda: len(office.served) == 12)
    # Two frames exhaust its patience; then it keeps the slot for a quantum, which its first step fills.
    assert QUANTUM_SECONDS <= 1.0
    assert office.served[:4] == ["step 0", "a1", "b1", "step 1"]
    assert [name for name in office.served if name.startswith("step")] == [f"step {n}" for n in range(4)]


def test_a_cancelled_export_stops_between_two_steps(office: Office) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with office.scheduler.slot("a", EXPORT) as waiter:
        office.scheduler.give_way(waiter)
        waiter.cancelled = cancelled
        with pytest.raises(Cancelled):
            office.scheduler.give_way(waiter)


def test_an_export_is_cancelled_while_it_gives_way(office: Office) -> None:
    cancelled, go_on = threading.Event(), threading.Event()

    def frame() -> None:
        with office.scheduler.slot("frame", LIVE):
            cancelled.set()
            assert go_on.wait(PATIENCE)
            office.served.append("frame")

    def export() -> None:
        with office.scheduler.slot("a", EXPORT, cancelled=cancelled) as waiter:
            drawing.append(office._pool.submit(frame))
            wait_until(office.scheduler.is_urgent)
            office.scheduler.give_way(waiter)

    drawing: list[Future[None]] = []
    with pytest.raises(Cancelled):
        export()
    # The frame still holds the slot: who comes now waits for it.
    other = office.ask("b")
    assert office.served == []
    go_on.set()
    drawing[0].result(PATIENCE)
    other.result(PATIENCE)
    assert office.served == ["frame", "b"]


def test_what_passes_while_no_export_waits_is_not_held_against_others(office: Office) -> None:
    with office.busy():
        for name in ("a", "b", "c"):
            office.ask(name, seconds=PATIENCE_SECONDS)
    with office.busy():
        office.ask("e", EXPORT)
        office.ask("a again")
    assert office.served == ["a", "b", "c", "a again", "e"]


def test_cancelling_ends_the_waiting(office: Office) -> None:
    cancelled = threading.Event()
    with office.busy():
        waiting = office.ask("a", EXPORT, cancelled=cancelled)
        other = office.ask("b", EXPORT)
        cancelled.set()
        with pytest.raises(Cancelled):
            waiting.result(PATIENCE)
        assert office.scheduler.count("a") == 0
    other.result(PATIENCE)
    assert office.served == ["b"]


def test_cancelled_before_does_not_wait_at_all(office: Office) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with office.busy("a"), pytest.raises(Cancelled):
        office.ask("b", EXPORT, cancelled=cancelled).result(PATIENCE)
    assert office.served == []
    assert office.scheduler.count("b") == 0


def test_leaving_drops_what_one_waits_for_and_nothing_else(office: Office) -> None:
    with office.busy("a"):
        gone = [office.ask(f"a{priority}", priority) for priority in Priority]
        stays = office.ask("b")
        office.scheduler.leave("a")
        office.scheduler.leave("nobody")
        for waiting in gone:
            with pytest.raises(Cancelled):
                waiting.result(PATIENCE)
    stays.result(PATIENCE)
    office.ask("a again").result(PATIENCE)  # the turn it had has ended, and it may come back
    assert office.served == ["b", "a again"]


def test_an_error_in_a_turn_leaves_it_to_the_next(office: Office) -> None:
    def fail() -> None:
        with office.scheduler.slot("a", LIVE):
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    office.ask("b").result(PATIENCE)
    assert office.served == ["b"]


def test_urgent_is_when_somebody_waits_for_a_live_frame(office: Office) -> None:
    assert not office.scheduler.is_urgent()
    with office.busy():
        assert not office.scheduler.is_urgent()  # having it is not waiting
        office.ask("a", AHEAD)
        office.ask("b", EXPORT)
        assert not office.scheduler.is_urgent()
        office.ask("c", LIVE)
        assert office.scheduler.is_urgent()
    assert not office.scheduler.is_urgent()


def test_those_who_wait_are_counted_for_one_owner_or_for_all(office: Office) -> None:
    with office.busy("b"):
        office.ask("a1")
        office.ask("a2", AHEAD)
        office.ask("b1")
        assert [office.scheduler.count(owner) for owner in ("a", "b", "c", None)] == [2, 1, 0, 3]


def test_nothing_is_kept_of_those_who_were_served(office: Office) -> None:
    with office.busy():
        for name in "abc":
            office.ask(name, AHEAD)
        office.ask("d")
        office.scheduler.leave("c")
    assert all(len(line) == 0 for line in office.scheduler._lines.values())


class Pauses:
    """Seconds that were slept, on a clock that they move; ``then`` happens in each."""

    def __init__(self, clock: Clock, then: Callable[[], None] = lambda: None) -> None:
        self.clock, self.then = clock, then
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds
        self.then()


def live_frame(scheduler: Scheduler, clock: Clock, seconds: float) -> None:
    with scheduler.slot("someone", LIVE):
        clock.now += seconds


def test_it_is_quiet_where_nobody_has_waited() -> None:
    pauses = Pauses(Clock())
    Scheduler(pauses.clock, pauses).wait_until_quiet(at_most=1)
    assert pauses.slept == []


def test_it_is_quiet_a_tenth_of_a_second_after_a_live_frame() -> None:
    pauses = Pauses(Clock())
    scheduler = Scheduler(pauses.clock, pauses)
    live_frame(scheduler, pauses.clock, 0.5)
    scheduler.wait_until_quiet(at_most=1)
    assert pauses.clock.now == pytest.approx(0.5 + QUIET_SECONDS)


def test_it_is_not_quiet_while_a_live_frame_waits_or_is_rendered(office: Office) -> None:
    pauses = Pauses(office.clock)
    office.scheduler = Scheduler(office.clock, pauses)
    with office.scheduler.slot("x", EXPORT):
        live = office.ask("a")
        office.scheduler.wait_until_quiet(at_most=0.25)
    live.result(PATIENCE)
    assert sum(pauses.slept) == pytest.approx(0.25)
    with office.scheduler.slot("b", LIVE):
        office.scheduler.wait_until_quiet(at_most=0.25)
    assert sum(pauses.slept) == pytest.approx(0.5)


def test_turns_of_other_ranks_are_no_noise() -> None:
    pauses = Pauses(Clock())
    scheduler = Scheduler(pauses.clock, pauses)
    for priority in (AHEAD, EXPORT):
        with scheduler.slot("someone", priority):
            scheduler.wait_until_quiet(at_most=1)
    assert pauses.slept == []


def test_who_waits_for_quiet_waits_no_longer_than_allowed() -> None:
    clock = Clock()
    scheduler = Scheduler(clock, Pauses(clock, then=lambda: live_frame(scheduler, clock, 0.01)))
    live_frame(scheduler, clock, 0.0)
    scheduler.wait_until_quiet(at_most=1)
    assert 1 <= clock.now < 1 + QUIET_SECONDS + 0.01
