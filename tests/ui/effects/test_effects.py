"""The live viewer in a real browser: what it shows while the slider moves, and when it rests."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from effects_page import DRAWN, RECORD_STATES, Desk, Gate, decoded, difference, whole
from playwright.sync_api import expect

from dni.blending.shares import Mix
from dni.catalog.pairs import Pair
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session

SEED = 7


@pytest.fixture
def cat(desk: Desk) -> Desk:
    """The page, on the first example at 1:1, with all its keyframes."""
    desk.open()
    desk.actual_size()
    return desk


def test_opens_on_an_example_already_rendered(desk: Desk) -> None:
    desk.open(complete=False)
    assert desk.alpha == 0.5
    assert desk.slider.input_value() == "0.5"
    expect(desk.page.locator(".badge")).to_have_text("exact")
    expect(desk.page.locator(".end-a")).to_have_text("calm")
    expect(desk.page.locator(".end-b")).to_have_text("wild")
    expect(desk.page.locator(".readout")).to_have_text(re.compile(r"\w+ in [\d.]+ ms"))
    assert desk.shown == "cat.png"
    desk.actual_size()
    desk.assert_shows(desk.example(), "tiny", 0.5)


def test_readout_tells_rendering_from_fetching(new_desk: Callable[..., Desk], gate: Gate) -> None:
    first = new_desk().open("?example=rocket")
    first.change(0.13)
    first.wait_exact(0.13)
    expect(first.page.locator(".readout")).to_have_text(re.compile(r"rendered in [\d.]+ ms"))
    second = new_desk().open("?example=rocket&alpha=0.13", complete=False)
    expect(second.page.locator(".readout")).to_have_text(re.compile(r"fetched in [\d.]+ ms"))


def test_drag_fades_between_keyframes_and_rests_exactly(cat: Desk, gate: Gate) -> None:
    exact = gate.hold(0.64)
    cat.page.evaluate(RECORD_STATES)
    cat.drag(0.9, 0.2, 0.64, release=False)
    cat.wait("Number(canvas.dataset.alpha) === 0.64 && canvas.dataset.state === 'preview'")
    low, high = (
        decoded(
            cat.service.render_frame(cat.example(), "tiny", whole(cat.example()), Mix.of_alpha(alpha)).jpeg
        )
        for alpha in (0.6, 0.7)
    )
    preview = cat.picture(low.shape[1], low.shape[0])
    assert difference(preview, 0.6 * low + 0.4 * high) < 0.7
    exact.set()
    cat.wait_exact(0.64)  # the mouse button is still down: resting is enough
    cat.assert_shows(cat.example(), "tiny", 0.64)
    cat.page.mouse.up()
    assert "preview" in cat.page.evaluate("window.states")
    assert "waiting" not in cat.page.evaluate("window.states")


def test_drag_before_the_keyframes_are_there_is_live(desk: Desk, gate: Gate) -> None:
    keys = [gate.hold(alpha / 10) for alpha in (0, 1, 2, 3, 4, 6, 7, 8, 9, 10)]
    desk.open("?example=coffee", complete=False)
    desk.actual_size()
    desk.wait_until(lambda: gate.pending == 1)
    desk.drag(0.33, release=False)
    desk.wait_exact(0.33)
    desk.assert_shows(desk.example("coffee"), "tiny", 0.33)
    desk.page.mouse.up()
    for key in keys:
        key.set()
    desk.wait_keyframes()


@pytest.mark.parametrize("keyframes", [True, False])
def test_newest_wins_of_a_hundred_quick_changes(desk: Desk, gate: Gate, keyframes: bool) -> None:
    chance = random.Random(SEED)
    desk.open(complete=keyframes)
    desk.actual_size()
    gate.delay = lambda alpha: time.sleep(chance.uniform(0, 0.2))
    if not keyframes:
        desk.choose_example(3)
        desk.wait("canvas.ariaLabel.startsWith('rocket')")
    picture = desk.example("cat" if keyframes else "rocket")
    desk.change(*(round(chance.random(), 2) for _ in range(99)), 0.37, pause=5 if keyframes else 20)
    desk.wait_exact(0.37)
    desk.actual_size()
    desk.assert_shows(picture, "tiny", 0.37)
    desk.wait_keyframes()
    desk.wait_quiet()
    desk.wait_exact(0.37)
    desk.assert_shows(picture, "tiny", 0.37)


def test_a_late_reply_never_replaces_a_newer_frame(cat: Desk, gate: Gate) -> None:
    late = gate.hold(0.93)
    cat.change(0.93)
    cat.wait_until(lambda: gate.pending == 1)
    cat.change(0.07)
    cat.wait_exact(0.07)
    late.set()
    cat.wait_quiet()
    assert int(cat.data("frames")) >= 13  # it is kept for later
    assert (cat.alpha, cat.data("state")) == (0.07, "exact")
    cat.assert_shows(cat.example(), "tiny", 0.07)


def test_a_late_reply_for_another_picture_is_dropped(cat: Desk, gate: Gate) -> None:
    late = gate.hold(0.93)
    cat.change(0.93)
    cat.wait_until(lambda: gate.pending == 1)
    gate.held.clear()
    cat.choose_example(1)
    cat.wait("canvas.ariaLabel.startsWith('coffee')")
    cat.wait_exact(0.93)
    cat.wait_keyframes()
    cat.actual_size()
    late.set()
    cat.wait_quiet()
    cat.assert_shows(cat.example("coffee"), "tiny", 0.93)


def test_a_server_that_fails_leaves_the_picture_and_comes_back(
    cat: Desk, tiny_service: RenderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cat.canvas()
    with monkeypatch.context() as patch:
        patch.setattr(tiny_service, "picture", lambda *_: tiny_service.pair("nothing"))
        cat.change(0.51)
        message = cat.page.locator(".dni-viewer .message")
        expect(message).to_contain_text("Expected one of the pairs")
        expect(cat.page.locator(".badge")).to_have_text("preview")
        assert difference(cat.canvas(), before) < 20
    cat.change(0.52)
    cat.wait_exact(0.52)
    expect(message).to_be_hidden()
    cat.assert_shows(cat.example(), "tiny", 0.52)


def test_keyboard_moves_the_slider_and_a_button_resets_it(cat: Desk) -> None:
    for key, alpha in (
        ("ArrowRight", 0.51),
        ("ArrowRight", 0.52),
        ("ArrowLeft", 0.51),
        ("ArrowLeft", 0.5),
        ("ArrowLeft", 0.49),  # keys do not snap
        ("PageUp", 0.59),
        ("End", 1),
        ("Home", 0),
        ("ArrowUp", 0.01),
    ):
        cat.slider.press(key)
        cat.wait("Number(canvas.dataset.alpha) === given", alpha)
    cat.wait_exact(0.01)
    assert cat.slider.get_attribute("aria-valuetext") == "0.01: 99 % calm, 1 % wild"
    cat.assert_shows(cat.example(), "tiny", 0.01)
    cat.button("reset").click()
    cat.wait_exact(0.5)
    assert cat.slider.input_value() == "0.5"
    cat.assert_shows(cat.example(), "tiny", 0.5)


def test_drag_snaps_at_ends_and_middle_only(desk: Desk) -> None:
    desk.open("?alpha=0.3", complete=False)
    for near, snapped in ((0.012, 0), (0.988, 1), (0.488, 0.5), (0.47, 0.47), (0.512, 0.5)):
        desk.drag(near)
        desk.wait_exact(snapped)
        assert float(desk.slider.input_value()) == snapped
        desk.change(0.3)
        desk.wait_exact(0.3)


def assert_original(desk: Desk) -> None:
    desk.wait_state("original")
    picture = desk.example()
    bicubic = decoded(desk.service.before("example-cat", "tiny", whole(picture), session=Session()))
    assert difference(desk.picture(bicubic.shape[1], bicubic.shape[0]), bicubic) < 0.5


def test_hold_the_button_or_a_key_to_see_the_original(cat: Desk) -> None:
    cat.wait("canvas.dataset.before === 'there'")
    cat.button("original").hover()
    cat.page.mouse.down()
    assert_original(cat)
    cat.page.mouse.move(400, 400)
    cat.page.mouse.up()
    cat.wait_exact(0.5)
    cat.assert_shows(cat.example(), "tiny", 0.5)

    for key in ("o", "O", "Space"):
        if key == "Space":
            cat.button("original").focus()
        cat.page.keyboard.down(key)
        assert_original(cat)
        cat.page.keyboard.up(key)
        cat.wait_exact(0.5)
        cat.assert_shows(cat.example(), "tiny", 0.5)
    # In a text it is a letter.
    cat.page.evaluate("document.body.append(document.createElement('input'))")
    cat.page.locator("body > input").focus()
    cat.page.keyboard.down("o")
    cat.page.wait_for_timeout(DRAWN)
    assert cat.data("state") == "exact"
    cat.page.keyboard.up("o")


def test_real_pair_from_keyframes_to_exact(
    new_desk: Callable[..., Desk], serve: Callable[[RenderService], str], shared: Path
) -> None:
    files = [
        shared / "pairs/realesr-general" / f"{name}.safetensors"
        for name in ("realesr-general-x4v3", "realesr-general-wdn-x4v3")
    ]
    service = RenderService({"files": Pair.from_paths(files, ["removes noise", "keeps noise"])})
    desk = new_desk(service=service, url=serve(service)).open("?alpha=0.2")
    desk.actual_size()
    expect(desk.page.locator(".end-b")).to_have_text("keeps noise")
    desk.drag(0.77)
    desk.wait_exact(0.77)
    fresh = decoded(
        service.render_frame(desk.example(), "files", whole(desk.example()), Mix.of_alpha(0.77)).jpeg
    )
    assert difference(desk.picture(fresh.shape[1], fresh.shape[0]), fresh) < 0.5
