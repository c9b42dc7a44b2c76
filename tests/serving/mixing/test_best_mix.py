"""The search for the best mix, as the desk asks for it: what it gives, and that it stays bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from dni.blending.methods.merge_method import MergeMethod
from dni.blending.shares import Mix
from dni.errors import DniError
from dni.pictures.picture import Picture
from dni.rendering.control import Cancelled
from dni.serving.mixing import best_mix
from dni.serving.mixing.best_mix import BestMixes, found_mix
from dni.serving.mixing.measurements import Measures
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.tradeoff.tuning.learn import Tuned

SECONDS = 30.0


@pytest.fixture
def mixes(service: RenderService, monkeypatch: pytest.MonkeyPatch) -> BestMixes:
    monkeypatch.setattr(best_mix, "SECONDS", 1.0)
    monkeypatch.setattr(best_mix, "CROPS", 4)
    return BestMixes(service, Measures(service))


@pytest.fixture
def token(service: RenderService, ann: Session) -> str:
    generator = torch.Generator().manual_seed(0)
    rgb = torch.randint(0, 256, (3, 40, 40), generator=generator, dtype=torch.uint8)
    return service.hold(Picture(rgb=rgb, opacity=None, name="a.png"), session=ann, tab="mixing")


def test_the_reference_is_neared_by_a_curve_over_the_layers(
    mixes: BestMixes, token: str, service: RenderService, ann: Session
) -> None:
    renderer = service.renderer("tiny")
    first, *_, last = renderer.blend.groups
    hidden = Mix.of_alpha(0.5).shares, {first: (0.9, 0.1), last: (0.1, 0.9)}
    rgb = service.picture(token, ann).rgb
    wanted = renderer.render(rgb, Mix.of(hidden[0], groups=hidden[1]))
    mixes.measures.give(wanted, session=ann)
    found = mixes.find(token, "tiny", Mix.of_alpha(0.5), goal="reference", session=ann)
    shares = found.shares[1]
    assert sum(found.shares) == pytest.approx(1)
    assert 0.5 < shares <= 1
    assert max(found.layers.values()) == pytest.approx(1, abs=0.02)
    assert found.layers[first] * shares < 0.5 < found.layers[last] * shares
    assert "less squared error to your reference" in found.note
    done, total = mixes.steps(ann)
    assert 0 < done <= total


def test_the_curve_has_the_scale_of_the_slider() -> None:
    groups = {"first": (0.91, 0.06, 0.03), "last": (0.4, 0.4, 0.2)}
    tuned = Tuned(Mix.of((0.7, 0.2, 0.1), groups=groups), (1.0,), change=-0.123)
    found = found_mix(tuned, Mix.of((0.7, 0.2, 0.1)), "noise")
    assert found.shares == pytest.approx((0.4, 0.4, 0.2))
    assert found.layers == pytest.approx({"first": 0.15, "last": 1.0})
    assert "12.3 % less noise" in found.note
    with pytest.raises(DniError, match="Nothing better"):
        found_mix(Tuned(tuned.mix, (1.0,), change=0.0), Mix.of((0.7, 0.2, 0.1)), "noise")


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (Mix.of_alpha(0.0), "nothing to mix"),
        (Mix.of_alpha(1.5, extrapolate=True), "between the networks"),
        (Mix.of((0.5, 0.5), method=MergeMethod("slerp")), "straight line"),
    ],
)
def test_a_mix_that_it_cannot_start_from(
    mixes: BestMixes, token: str, ann: Session, start: Mix, problem: str
) -> None:
    with pytest.raises(DniError, match=problem):
        mixes.find(token, "tiny", start, goal="noise", session=ann)


def test_networks_that_are_too_large(
    mixes: BestMixes, token: str, ann: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(best_mix, "ACTIVATION_BYTES", 1000)
    with pytest.raises(DniError, match="too large"):
        mixes.find(token, "tiny", Mix.of_alpha(0.5), goal="noise", session=ann)


def test_a_reference_that_was_not_given(mixes: BestMixes, token: str, ann: Session) -> None:
    with pytest.raises(DniError, match="Expected a reference picture"):
        mixes.find(token, "tiny", Mix.of_alpha(0.5), goal="reference", session=ann)


@contextmanager
def endless(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Searches go on until they are cancelled, and no longer than the block; the event: one is learning."""
    learning, over = threading.Event(), threading.Event()

    def learn_mix(*_: object, control: Any, **__: object) -> Tuned:
        learning.set()
        while not (control.cancelled.wait(0.01) or over.is_set()):
            pass
        raise Cancelled

    monkeypatch.setattr(best_mix, "learn_mix", learn_mix)
    try:
        yield learning
    finally:
        over.set()


def test_a_search_ends_when_it_is_given_up_asked_for_again_or_its_page_closes(
    mixes: BestMixes, token: str, ann: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endless(monkeypatch) as learning, ThreadPoolExecutor(1) as pool:
        for end in (lambda: mixes.stop(ann), lambda: ann.cancellation(best_mix.JOB), ann.close):
            learning.clear()
            search = pool.submit(mixes.find, token, "tiny", Mix.of_alpha(0.5), goal="noise", session=ann)
            assert learning.wait(SECONDS)
            end()
            with pytest.raises(Cancelled):
                search.result(SECONDS)


@pytest.mark.parametrize(
    ("groups", "refused", "taken"),
    [(["one"] * best_mix.MAX_OF_GROUP, "one", "another"), (list(range(best_mix.MAX_SEARCHES)), "one", None)],
)
def test_few_wait(
    mixes: BestMixes,
    service: RenderService,
    token: str,
    ann: Session,
    monkeypatch: pytest.MonkeyPatch,
    groups: list[Any],
    refused: str,
    taken: str | None,
) -> None:
    """Of one address, and of all."""
    service.keep("everybody's", service.picture(token, ann))
    pages = [Session(group=group) for group in groups]

    def find(session: Session) -> Any:
        return mixes.find("everybody's", "tiny", Mix.of_alpha(0.5), goal="noise", session=session)

    with endless(monkeypatch) as learning, ThreadPoolExecutor(len(pages)) as pool:
        searches = [pool.submit(find, session) for session in pages]
        assert learning.wait(SECONDS)
        while mixes.has_room(refused):
            assert not any(search.done() for search in searches)
        assert taken is None or mixes.has_room(taken)
        with pytest.raises(DniError, match="Too many people"):
            find(Session(group=refused))
        for session in pages:
            session.close()
        for search in searches:
            with pytest.raises(Cancelled):
                search.result(SECONDS)
    assert mixes.has_room(refused)
