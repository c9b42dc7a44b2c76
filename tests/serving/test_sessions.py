"""Sessions: who has one, how long it lives, and that what it held goes with it."""

from __future__ import annotations

import contextlib
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from dni.blending.shares import Mix
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import Cancelled
from dni.serving.mixing.mask_store import MaskStore
from dni.serving.mixing.measurements import Measures
from dni.serving.render_service import RenderService, RenderServiceError
from dni.serving.scheduling.scheduler import Priority
from dni.serving.sessions import LIFETIME_SECONDS, PROGRAMS, Session, SessionError, SessionRegistry
from dni.ui.effects.viewer import viewer_servers
from dni.ui.mixing.component import mask_servers, slow_servers
from dni.ui.server_functions import ServerFunction

ENDED = r"^This page's session has ended: .* broke, .* 30 minutes, .* started anew\. Reload the page\.$"
WHOLE = Rectangle(0, 0, 40, 30)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> SessionRegistry:
    return SessionRegistry(clock=clock)


def make_picture() -> Picture:
    rgb = torch.arange(3 * 30 * 40).remainder(251).to(torch.uint8).view(3, 30, 40)
    return Picture(rgb=rgb, opacity=None, name="photo.png")


# Who has one


def test_an_address_has_no_more_than_its_share(clock: Clock) -> None:
    registry = SessionRegistry(clock=clock, capacity=10, capacity_of_address=2)
    pages = [registry.open(f"page {number}", address="192.0.2.7") for number in range(2)]
    for page in pages:
        page.on_close(lambda _: None)  # it holds something
    with pytest.raises(SessionError, match="at most 2 open pages at once from one address, but there"):
        registry.open("page 3", address="192.0.2.7")
    assert registry.open("elsewhere", address="192.0.2.8").group == "192.0.2.8"
    pages[0].close()
    registry.open("page 3", address="192.0.2.7")


def test_pages_of_unknown_addresses_share_nothing(registry: SessionRegistry) -> None:
    assert registry.open("ann").group != registry.open("bob").group
    with registry.open_api() as first, registry.open_api() as second:
        assert first.group == second.group == PROGRAMS


def test_a_connection_has_one_session_which_its_token_finds(registry: SessionRegistry) -> None:
    ann = registry.open("ann")
    assert registry.open("ann") is ann
    assert registry.open("bob") is not ann
    assert registry.find(ann.token) is ann
    assert len(registry) == 2


def test_tokens_and_keys_are_never_alike_and_tokens_cannot_be_guessed(registry: SessionRegistry) -> None:
    sessions = [registry.open(str(number)) for number in range(50)]
    assert len({session.token for session in sessions}) == len({session.key for session in sessions}) == 50
    assert min(len(session.token) for session in sessions) >= 32
    assert all(session.token not in repr(session) for session in sessions)


@pytest.mark.parametrize("token", ["", "invented", None, 7, ["a"], {"a": 1}, "a" * 10_000])
def test_an_invented_token_finds_nothing_and_leaves_nothing(registry: SessionRegistry, token: Any) -> None:
    registry.open("ann")
    with pytest.raises(SessionError, match=ENDED):
        registry.find(token)
    assert len(registry) == 1


@pytest.mark.parametrize("connection", [None, "", "a" * 101])
def test_a_request_without_a_connection_has_no_session(
    registry: SessionRegistry, connection: str | None
) -> None:
    with pytest.raises(SessionError, match="Expected a request from an open page"):
        registry.open(connection)
    registry.close(connection)
    assert len(registry) == 0


def test_a_session_of_a_program_ends_with_its_call(registry: SessionRegistry, clock: Clock) -> None:
    with registry.open_api() as session:
        clock.now += 2 * LIFETIME_SECONDS
        assert registry.find(session.token) is session  # however long the call takes
    assert session.ended
    with contextlib.suppress(ZeroDivisionError), registry.open_api() as failing:
        raise ZeroDivisionError
    assert failing.ended
    assert len(registry) == 0


# How long it lives


def test_a_session_ends_when_it_is_idle_for_its_lifetime(registry: SessionRegistry, clock: Clock) -> None:
    ann, bob, released = registry.open("ann"), registry.open("bob"), []
    for session in (ann, bob):
        session.on_close(released.append)
    for _ in range(3):
        clock.now += 0.9 * LIFETIME_SECONDS
        assert registry.find(ann.token) is ann
    assert released == [bob]
    with pytest.raises(SessionError, match=ENDED):
        registry.find(bob.token)
    clock.now += LIFETIME_SECONDS
    again = registry.open("ann")
    assert again is not ann
    assert again.token != ann.token
    assert released == [bob, ann]


def test_a_session_with_something_running_is_not_idle(registry: SessionRegistry, clock: Clock) -> None:
    ann = registry.open("ann")
    with ann.busy(), ann.busy():
        clock.now += 2 * LIFETIME_SECONDS
        assert registry.find(ann.token) is ann
    clock.now += LIFETIME_SECONDS - 1
    registry.open("bob")
    assert not ann.ended
    clock.now += 1
    registry.open("bob")
    assert ann.ended


def test_a_page_that_is_closed_ends_its_own_session_only(registry: SessionRegistry) -> None:
    ann, bob = registry.open("ann"), registry.open("bob")
    for connection in ("ann", "ann", "nobody"):
        registry.close(connection)
    assert (ann.ended, bob.ended) == (True, False)
    assert registry.open("ann") is not ann


def test_there_are_only_so_many_sessions(clock: Clock) -> None:
    registry = SessionRegistry(clock=clock, capacity=3)
    sessions = [registry.open(str(number)) for number in range(3)]
    sessions[0].on_close(lambda _: None)
    clock.now += 1
    registry.find(sessions[1].token)
    registry.open("new")  # in place of the one that holds nothing and is idle for longest
    assert [session.ended for session in sessions] == [False, False, True]
    for connection in ("1", "new"):
        registry.open(connection).on_close(lambda _: None)
    for refused in (lambda: registry.open("more"), lambda: registry.open_api().__enter__()):
        with pytest.raises(SessionError, match="at most 3 open pages at once, but there are as many already"):
            refused()
    assert registry.open("new")
    clock.now += LIFETIME_SECONDS
    assert registry.open("more")


# What goes with it


def test_closing_releases_everything_once_and_last_taken_first(ann: Session) -> None:
    released: list[str] = []

    def first(session: Session) -> None:
        released.append(f"first of {session.key}")

    def second(session: Session) -> None:
        released.append(f"second of {session.key}")
        raise RuntimeError("a failure does not keep the rest")

    for callback in (first, second, first):
        ann.on_close(callback)
    assert not ann.holds_nothing
    with pytest.raises(RuntimeError):
        ann.close()
    ann.close()
    assert released == [f"second of {ann.key}", f"first of {ann.key}"]
    ann.on_close(first)  # held too late: released at once
    assert len(released) == 3


def test_a_job_is_stopped_by_its_name_by_a_newer_one_and_by_the_end(ann: Session) -> None:
    old, other = ann.cancellation("render"), ann.cancellation("sweep")
    new = ann.cancellation("render")
    assert [event.is_set() for event in (old, other, new)] == [True, False, False]
    ann.cancel("render")
    ann.cancel("render")
    assert [event.is_set() for event in (other, new)] == [False, True]
    ann.close()
    assert other.is_set()
    assert ann.cancellation("render").is_set()


def test_sessions_are_opened_and_closed_by_many_at_once(registry: SessionRegistry) -> None:
    held, lock = {"count": 0}, threading.Lock()

    def release(_: Session) -> None:
        with lock:
            held["count"] -= 1

    def visit(number: int) -> None:
        for turn in range(50):
            connection = str((number + turn) % 5)
            session = registry.open(connection)
            with lock:
                held["count"] += 1
            session.on_close(functools.partial(release))  # each is another function
            if turn % 3 == 0:
                registry.close(connection)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(8)))
    for number in range(5):
        registry.close(str(number))
    assert held["count"] == 0
    assert len(registry) == 0


# In the service


def test_two_people_with_the_same_picture_have_it_each_for_themselves(
    service: RenderService, ann: Session, bob: Session
) -> None:
    picture = make_picture()
    anns, bobs = (service.hold(picture, session=session, tab="effects") for session in (ann, bob))
    assert anns != bobs
    frames = [
        service.frame(token, "tiny", WHOLE, Mix.of_alpha(0.5), session=session).jpeg
        for token, session in ((anns, ann), (bobs, bob))
    ]
    assert frames[0] == frames[1]
    ann.close()
    assert service.picture(bobs, bob) is picture
    with pytest.raises(RenderServiceError):
        service.picture(anns, bob)


def test_what_is_held_after_the_end_does_not_stay(service: RenderService, ann: Session) -> None:
    ann.close()
    token = service.hold(make_picture(), session=ann, tab="effects")
    with pytest.raises(RenderServiceError):
        service.picture(token, ann)
    assert len(service.pictures) == 0
    service.keep("example", make_picture())
    with pytest.raises(Cancelled):
        service.frame("example", "tiny", WHOLE, Mix.of_alpha(0.5), session=ann)
    assert service.scheduler.count() == 0


def all_servers(service: RenderService) -> list[ServerFunction]:
    masks, measures = MaskStore(), Measures(service)
    slow = slow_servers(service, masks, measures)
    return [*viewer_servers(service), *slow, *mask_servers(service, masks)]


REQUEST = {
    **{"token": "example", "pair": "tiny", "alpha": 0.5, "kind": "detail", "against": "none", "png": ""},
    **{"ahead": False, "rank": "live"},
    **{"region": {"left": 0, "top": 0, "width": 40, "height": 30}, "mix": {"shares": [0.5, 0.5]}},
}


@pytest.mark.slow
def test_a_hundred_invented_sessions_have_no_place_in_the_queue(service: RenderService) -> None:
    service.keep("example", make_picture())
    session = service.sessions.open("ann")
    frame = viewer_servers(service)[0]
    with ThreadPoolExecutor(1) as pool, service.scheduler.slot("somebody", Priority.LIVE):
        real = pool.submit(frame, {**REQUEST, "session": session.token})
        while not service.scheduler.count(session.key) and not real.done():
            pass
        for server in all_servers(service):
            for number in range(100):
                reply = server({**REQUEST, "session": f"invented {number}"})
                assert "session has ended" in reply["error"]
        assert (service.scheduler.count(), service.scheduler.count(session.key)) == (1, 1)
    assert real.result(20)["jpeg"]
    assert len(service.sessions) == 1


def test_a_page_that_comes_back_after_its_lifetime_is_told_and_goes_on(
    service: RenderService, clock: Clock
) -> None:
    service.keep("example", make_picture())
    service.sessions = SessionRegistry(clock=clock)
    overview = viewer_servers(service)[2]
    old = service.sessions.open("ann")
    assert overview({**REQUEST, "session": old.token})["jpeg"]
    clock.now += LIFETIME_SECONDS
    reply = overview({**REQUEST, "session": old.token})
    assert reply["error"].startswith("This page's session has ended")
    assert old.token not in reply["error"]
    assert overview({**REQUEST, "session": service.sessions.open("ann").token})["jpeg"]
