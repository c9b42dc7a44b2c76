"""Slow choices of one person that overlap: what a tab shows in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from dni.examples import EXAMPLES, example_token
from dni.pictures.picture import Picture
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.choices import Choices
from dni.ui.effects.tab import EffectsHandlers
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.scene import build_scene
from dni.ui.pictures.shown_picture import ShownPicture

PATIENCE = 60
PICTURE = Picture(torch.zeros(3, 30, 40, dtype=torch.uint8), None, "mine.png")
SEEN = {"mix": {"shares": [0.5, 0.5]}, "seen": {"left": 0, "top": 0, "width": 40, "height": 30}}
REQUEST: Any = SimpleNamespace(session_hash="ann's page", query_params={})


class Held:
    """Holds back one call of a function until it is told to go on."""

    def __init__(self, function: Callable[..., Any], is_held: Callable[..., bool]) -> None:
        self.function, self.is_held = function, is_held
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *given: Any, **options: Any) -> Any:
        if self.is_held(*given, **options):
            self.begun.set()
            assert self.go_on.wait(PATIENCE)
        return self.function(*given, **options)


def at_the_same_time(held: Held, slow: Callable[[], Any], quick: Callable[[], Any]) -> tuple[Any, Any]:
    """Begin one, do the other while it is held back, and let it go on; what both give."""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow)
        assert held.begun.wait(PATIENCE)
        second = quick()
        held.go_on.set()
        return first.result(PATIENCE), second


@pytest.fixture(autouse=True)
def examples(service: RenderService) -> None:
    for name in EXAMPLES:
        service.keep(example_token(name), PICTURE)


@pytest.fixture
def slow_pair(service: RenderService, monkeypatch: pytest.MonkeyPatch) -> Held:
    """The pair "reversed" takes long to load, as a download does."""
    held = Held(service.renderer, lambda pair_id, *_, download=None, **__: download and pair_id == "reversed")
    monkeypatch.setattr(service, "renderer", held)
    return held


@pytest.fixture(params=["dni.ui.effects.tab", "dni.ui.mixing.handlers"])
def slow_upload(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Held]:
    """The tab's module, and its uploads, of which those called "slow" take long to decode."""
    held = Held(lambda *_: PICTURE, lambda path, *_: path == "slow")
    monkeypatch.setattr(f"{request.param}.open_upload", held)
    return request.param, held


def effects_scene(tab: EffectsHandlers, session: Session) -> dict[str, Any]:
    return tab.scene(session, ShownPicture.of_example("cat"), "tiny", 0.5)


def desk_scene(tab: MixingHandlers, session: Session) -> dict[str, Any]:
    made = build_scene(tab.service, session, token=example_token("cat"), pair_id="tiny", example="cat")
    return {**made.to_dict(), **SEEN}


def test_a_pair_that_arrives_late_takes_the_picture_that_came_meanwhile(
    service: RenderService, slow_pair: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dni.ui.effects.tab.open_upload", lambda *_: PICTURE)
    tab, event = EffectsHandlers(service), SimpleNamespace(pair="reversed")
    scene = effects_scene(tab, service.sessions.open(REQUEST.session_hash))
    late, (uploaded, *_) = at_the_same_time(
        slow_pair,
        lambda: tab.choose_pair(scene, REQUEST, event, gr.Progress()),  # type: ignore[arg-type]
        lambda: tab.upload("mine.png", scene, REQUEST),
    )
    assert (uploaded["pair"], uploaded["example"], uploaded["name"]) == ("tiny", "", "mine.png")
    assert (late[0]["pair"], late[0]["token"]) == ("reversed", uploaded["token"])


def test_networks_that_arrive_late_take_the_picture_that_came_meanwhile(
    service: RenderService, slow_pair: Held
) -> None:
    tab = MixingHandlers(service)
    scene = desk_scene(tab, service.sessions.open(REQUEST.session_hash))
    late, chosen = at_the_same_time(
        slow_pair,
        lambda: tab.choose_pair("reversed", scene, REQUEST, gr.Progress()),
        lambda: tab.choose_example(scene, REQUEST, SimpleNamespace(index=1)),  # type: ignore[arg-type]
    )
    assert chosen["pair"] == "tiny"
    assert chosen["token"] != scene["token"]
    assert (late[0]["pair"], late[0]["token"]) == ("reversed", chosen["token"])


def test_a_picture_that_arrives_late_is_shown_through_the_networks_that_came_meanwhile(
    service: RenderService, slow_upload: tuple[str, Held]
) -> None:
    module, held = slow_upload
    session = service.sessions.open(REQUEST.session_hash)
    if "effects" in module:
        effects, event = EffectsHandlers(service), SimpleNamespace(pair="reversed")
        scene = effects_scene(effects, session)
        uploaded, chosen = at_the_same_time(
            held,
            lambda: effects.upload("slow", scene, REQUEST),
            lambda: effects.choose_pair(scene, REQUEST, event, gr.Progress()),  # type: ignore[arg-type]
        )
    else:
        desk = MixingHandlers(service)
        scene = desk_scene(desk, session)
        uploaded, chosen = at_the_same_time(
            held,
            lambda: desk.upload("slow", scene, REQUEST),
            lambda: desk.choose_pair("reversed", scene, REQUEST, gr.Progress()),
        )
    assert chosen[0]["pair"] == uploaded[0]["pair"] == "reversed"
    assert uploaded[0]["name"] == "mine.png"


def test_a_picture_that_arrives_late_never_replaces_a_newer_one(
    service: RenderService, slow_upload: tuple[str, Held]
) -> None:
    module, held = slow_upload
    session = service.sessions.open(REQUEST.session_hash)
    tab: Any = EffectsHandlers(service) if "effects" in module else MixingHandlers(service)
    scene = (effects_scene if "effects" in module else desk_scene)(tab, session)
    late, quick = at_the_same_time(
        held,
        lambda: tab.upload("slow", scene, REQUEST),
        lambda: tab.upload("quick", scene, REQUEST),
    )
    assert quick[0]["name"] == "mine.png"
    assert late == (gr.skip(), gr.skip(), None)  # and its box is ready for another one
    assert service.picture(quick[0]["token"], session) is PICTURE


def test_what_was_settled_before_a_choice_began_does_not_count(ann: Session, bob: Session) -> None:
    pairs, pictures = Choices[str](), Choices[str]()
    former, other = pairs.begin(ann), pictures.begin(ann)
    assert pairs.settle(former, "first")
    assert pairs.since(other, "shown") == "first"
    assert pairs.since(pictures.begin(ann), "shown") == "shown"
    assert pairs.since(pictures.begin(bob), "shown") == "shown"
    slow, quick = pairs.begin(ann), pairs.begin(ann)
    assert pairs.settle(quick, "newest")
    assert not pairs.settle(slow, "late")
    upload = pictures.begin(ann)
    pairs.note(ann, "aligned")
    assert pairs.since(upload, "shown") == "aligned"
    assert ann.holds_nothing  # it may make room for others
    ann.close()
    assert not pairs.settle(quick, "of nobody")
