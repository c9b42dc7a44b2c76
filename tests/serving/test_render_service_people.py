"""Several people at one service: whose frame is rendered when, their own pairs, and what is left of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from test_render_service import WHOLE, at, decode, make_picture, psnr

from dni.blending.interpolate import shares_of
from dni.blending.shares import Mix
from dni.catalog.pairs import Pair
from dni.checkpoints.networks import load_ends
from dni.rendering.control import Cancelled
from dni.rendering.renderer import Renderer
from dni.serving.pairs import MAX_OWN_PAIRS
from dni.serving.regions import MAX_LIVE_PIXELS
from dni.serving.render_service import Frame, RenderService, RenderServiceError
from dni.serving.scheduling.live_pixel_budget import MIN_LIVE_PIXELS
from dni.serving.scheduling.scheduler import Priority, Superseded
from dni.serving.sessions import Session


@pytest.fixture
def waits(service: RenderService) -> Callable[[Session, int], None]:
    """Wait until so many requests of a session wait."""

    def waits(session: Session, count: int) -> None:
        end = time.monotonic() + 20
        while service.scheduler.count(session.key) != count:
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.001)

    return waits


# Turns


def test_only_the_newest_of_the_frames_that_one_waits_for_is_rendered(
    service: RenderService,
    waits: Callable[..., None],
    bob: Session,
    ann: Session,
) -> None:
    service.keep("example", make_picture())
    with ThreadPoolExecutor(4) as pool:
        with service.scheduler.slot("somebody", Priority.LIVE):
            old = pool.submit(service.frame, "example", "tiny", WHOLE, at(0.1), session=ann)
            waits(ann, 1)
            ahead = pool.submit(
                service.frame, "example", "tiny", WHOLE, at(0.9), session=ann, priority=Priority.AHEAD
            )
            waits(ann, 2)
            other = pool.submit(service.frame, "example", "tiny", WHOLE, at(0.2), session=bob)
            waits(bob, 1)
            new = pool.submit(service.frame, "example", "tiny", WHOLE, at(0.3), session=ann)
            with pytest.raises(Superseded):
                old.result(20)
        assert all(frame.result(20).milliseconds > 0 for frame in (ahead, other, new))
    assert len(service._frames) == 3


def test_two_who_wait_for_the_same_frame_have_it_rendered_once(
    service: RenderService,
    waits: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    bob: Session,
    ann: Session,
) -> None:
    service.keep("example", make_picture())
    rendered, render, eve = [], service.render_frame, Session()
    monkeypatch.setattr(service, "render_frame", lambda *given: rendered.append(given) or render(*given))
    with ThreadPoolExecutor(3) as pool:
        with service.scheduler.slot("somebody", Priority.LIVE):
            frames = [
                pool.submit(
                    service.frame, "example", "tiny", WHOLE, at(0.5), session=session, priority=priority
                )
                for session, priority in (
                    (ann, Priority.LIVE),
                    (bob, Priority.AHEAD),
                    (eve, Priority.LIVE),
                )
            ]
            for session in (ann, bob, eve):
                waits(session, 1)
        jpegs = {frame.result(20).jpeg for frame in frames}
    assert (len(jpegs), len(rendered)) == (1, 1)


def test_a_frame_ahead_gives_way_half_way_and_is_made_afterwards(
    service: RenderService,
    tiny_ends: list[Path],
    waits: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    bob: Session,
    ann: Session,
) -> None:
    service.keep("example", make_picture())
    order: list[Mix] = []
    first_layer = next(
        layer for layer in service.renderer("tiny").network.module.modules() if not [*layer.children()]
    )
    begun, come = threading.Event(), threading.Event()

    def pause(*_: object) -> None:
        if not begun.is_set():
            begun.set()
            assert come.wait(20)

    first_layer.register_forward_hook(pause)
    put = service._frames.put
    monkeypatch.setattr(service._frames, "put", lambda key, jpeg: order.append(key[-1]) or put(key, jpeg))
    with ThreadPoolExecutor(2) as pool:
        ahead = pool.submit(
            service.frame, "example", "tiny", WHOLE, at(0.9), session=ann, priority=Priority.AHEAD
        )
        assert begun.wait(20)
        live = pool.submit(service.frame, "example", "tiny", WHOLE, at(0.3), session=bob)
        waits(bob, 1)
        come.set()
        jpegs = [done.result(20).jpeg for done in (live, ahead)]
    assert order == [at(0.3), at(0.9)]
    oracle = Renderer(*load_ends(tiny_ends), device=torch.device("cpu"), precision="float32")
    for alpha, jpeg in zip((0.3, 0.9), jpegs, strict=True):
        assert psnr(decode(jpeg), oracle.render(make_picture().rgb, shares_of(alpha))) > 38


def test_a_frame_ahead_is_made_at_last_although_somebody_always_waits(
    service: RenderService,
    monkeypatch: pytest.MonkeyPatch,
    ann: Session,
) -> None:
    monkeypatch.setattr(service.scheduler, "is_urgent", lambda: True)
    service.keep("example", make_picture())
    frame = service.frame("example", "tiny", WHOLE, at(0.9), session=ann, priority=Priority.AHEAD)
    assert frame.jpeg == service.render_frame(make_picture(), "tiny", WHOLE, at(0.9)).jpeg


def test_who_leaves_waits_for_nothing(
    service: RenderService, waits: Callable[..., None], ann: Session
) -> None:
    service.keep("example", make_picture())
    with ThreadPoolExecutor(2) as pool, service.scheduler.slot("somebody", Priority.LIVE):
        frames = [
            pool.submit(service.frame, "example", "tiny", WHOLE, at(0.5), session=ann, priority=priority)
            for priority in (Priority.LIVE, Priority.AHEAD)
        ]
        waits(ann, 2)
        ann.close()
        for frame in frames:
            with pytest.raises(Cancelled):
                frame.result(20)


def test_nothing_is_kept_of_a_person_who_left_while_their_frame_was_rendered(
    service: RenderService,
    monkeypatch: pytest.MonkeyPatch,
    ann: Session,
) -> None:
    token, render = service.hold(make_picture(), session=ann, tab="effects"), service.render_frame

    def leave_meanwhile(*given: Any) -> Frame:
        ann.close()
        return render(*given)

    monkeypatch.setattr(service, "render_frame", leave_meanwhile)
    assert service.frame(token, "tiny", WHOLE, at(0.5), session=ann).jpeg
    assert len(service._frames) == 0


def test_a_render_that_crashes_leaves_the_others_alone(
    service: RenderService,
    monkeypatch: pytest.MonkeyPatch,
    bob: Session,
    ann: Session,
) -> None:
    service.keep("example", make_picture())
    with monkeypatch.context() as patch:
        patch.setattr(Renderer, "render_region", lambda *_, **__: 1 // 0)
        for priority in (Priority.LIVE, Priority.AHEAD):
            with pytest.raises(ZeroDivisionError):
                service.frame("example", "tiny", WHOLE, at(0.5), session=ann, priority=priority)
    assert service.frame("example", "tiny", WHOLE, at(0.5), session=bob).milliseconds > 0


# Own pairs


def test_own_pairs_are_found_by_their_session_and_go_with_it(
    service: RenderService, tiny_ends: list[Path], ann: Session, bob: Session
) -> None:
    service.keep("example", make_picture())
    anns, bobs = (service.hold_pair(Pair.from_paths(tiny_ends), session=session) for session in (ann, bob))

    def frame(pair_id: str, session: Session) -> Frame:
        return service.frame("example", pair_id, WHOLE, at(0.5), session=session)

    assert frame(anns, ann).jpeg == frame(bobs, bob).jpeg == frame("tiny", bob).jpeg
    assert not {anns, bobs} & service.catalog.keys()
    assert (len(service._frames), len(service._pairs._renderers)) == (3, 3)
    ann.close()
    assert (len(service._frames), len(service._pairs._renderers)) == (2, 2)
    for pair_id, session in ((anns, ann), (anns, bob), (bobs, ann)):
        with pytest.raises(RenderServiceError, match=r"no longer held here\. Choose their files again"):
            frame(pair_id, session)
    assert service.pair(bobs, bob).title == "calm / wild"
    assert frame(bobs, bob).milliseconds == 0


def test_a_session_has_the_last_few_own_pairs(
    service: RenderService, tiny_ends: list[Path], ann: Session, bob: Session
) -> None:
    pair = Pair.from_paths(tiny_ends)
    ids = [service.hold_pair(pair, session=ann) for _ in range(MAX_OWN_PAIRS + 2)]
    bobs = service.hold_pair(pair, session=bob)
    for gone in ids[:2]:
        with pytest.raises(RenderServiceError, match="no longer held"):
            service.renderer(gone, ann)
    assert all(service.pair(kept, ann) for kept in ids[2:])
    assert service.pair(bobs, bob)


def test_the_live_region_of_more_than_two_ends(
    service: RenderService, tiny_ends: list[Path], ann: Session
) -> None:
    three = Pair.from_paths([*tiny_ends, tiny_ends[0]], labels=["1", "2", "3"])
    own = service.hold_pair(three, session=ann)
    assert MIN_LIVE_PIXELS <= service.live_pixels(own, session=ann) <= MAX_LIVE_PIXELS
