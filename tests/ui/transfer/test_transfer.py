"""The Transfer tab in a real browser, on untrained networks; many checks on one page."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from effects_page import DRAWN, PATIENCE, Desk
from playwright.sync_api import Locator, Page, Route, expect
from transfer_files import transfer_root

from dni.digits.data.digit_sources import find_digit_source
from dni.errors import DniError
from dni.serving.render_service import RenderService
from dni.transfer.depth import DepthLive, DepthReading
from dni.transfer.letter_map import LetterMap
from dni.transfer.teacher import TeacherLive
from dni.ui.transfer.tab import transfer_views

EXACT = re.compile("^exact$")
SERVER = re.compile("component_server")


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with transfer_root(tmp_path_factory.mktemp("transfer")) as folder:
        yield folder


@pytest.fixture(scope="module")
def transfer_url(
    serve: Callable[[RenderService], str], tiny_service: RenderService, data_root: Path
) -> Iterator[str]:
    """The address of an app with them behind the tab."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dni.ui.app.transfer_views", lambda _: transfer_views(data_root))
        yield serve(tiny_service)


@pytest.fixture
def page(new_desk: Callable[..., Desk], transfer_url: str) -> Page:
    """The tab, open on its first view."""
    desk = new_desk(url=transfer_url)
    desk.open(complete=False)
    desk.page.get_by_role("tab", name="Transfer").click()
    return desk.page


def view_of(page: Page, name: str) -> Locator:
    return page.locator(f"#transfer-view-{name}")


def slide(control: Locator, key: str, times: int = 1) -> None:
    for _ in range(times):
        control.press(key)


def draw_line(page: Page, view: Locator) -> None:
    """On the view's pad."""
    pad = view.locator(".pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 100, steps=4)
    page.mouse.up()


def test_from_a_teacher(page: Page) -> None:
    view = view_of(page, "teacher")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    expect(view.locator(".hidden-name")).to_have_text("3s")
    expect(view.locator(".measured")).to_contain_text("96.0 ± 1.0 %")
    before = view.locator(".of-all").text_content()

    # The bars soften with the temperature, without asking anybody.
    winner = view.locator(".teacher-bars .winner em")
    slide(view.locator(".temperature"), "Home")
    sharp = winner.text_content()
    slide(view.locator(".temperature"), "End")
    assert int((winner.text_content() or "")[:-1]) <= int((sharp or "")[:-1])

    # A preview while a slider moves, exact at rest.
    slide(view.locator(".bias"), "End")
    expect(view.locator(".badge")).to_have_text("preview")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    expect(view.locator(".of-hidden")).to_have_text("100.0 %")
    assert view.locator(".of-all").text_content() != before

    # Another hidden digit, and a drawn one.
    view.locator(".hiddens input[value='8']").check()
    expect(view.locator(".hidden-name")).to_have_text("8s")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    draw_line(page, view)
    expect(view.locator(".hint")).to_be_hidden()
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    samples = view.locator(".samples")
    expect(samples).to_have_attribute("aria-valuetext", "none of these")

    # An empty pad is read by nobody, until a digit is chosen.
    view.locator(".clear").click()
    expect(view.locator(".badge")).to_have_text("preview")
    expect(view.locator(".teacher-note")).to_contain_text("Nothing to read")
    expect(view.locator(".bars .winner")).to_have_count(0)
    slide(samples, "ArrowRight")
    expect(samples).to_have_attribute("aria-valuetext", "a 0, number 1 of 30")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    expect(view.locator(".bars .winner")).to_have_count(4)


def test_how_deep_by_keyboard(page: Page, data_root: Path) -> None:
    page.locator("#transfer-tab-teacher").press("ArrowRight")
    expect(page.locator("#transfer-tab-depth")).to_be_focused()
    view = view_of(page, "depth")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    expect(view_of(page, "teacher")).to_be_hidden()
    expect(view.locator(".layers .kept")).to_have_count(3)
    expect(view.locator(".kinds li").first).to_contain_text("76.0 ± 1.0 %")

    slide(view.locator(".cut"), "ArrowLeft", 2)
    expect(view.locator(".layers .kept")).to_have_count(1)
    expect(view.locator(".alphas .slide:visible")).to_have_count(2)
    slide(view.locator(".count"), "ArrowRight")
    expect(view.locator(".kinds li").first).to_contain_text("90.0 ± 1.0 %")

    view.get_by_role("button", name="All 1").click()
    expect(view.locator(".badge")).to_have_text("preview")
    expect(view.locator(".of-all")).to_have_text("…")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    tuned = DepthLive(find_digit_source(data_root)).read(1, {"conv1": 1.0, "above": 1.0}, measure=True)
    expect(view.locator(".of-all")).to_have_text(f"{100 * (tuned.accuracy or 0):.1f} %")
    expect(view.locator(".alphas output").first).to_have_text("1.00")
    expect(view.locator(".wrong")).to_contain_text(re.compile(r"^\d+ of these 40 test digits 5 to 9"))


def test_no_older_answer_is_called_exact(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a preview that comes after the exact answer, or of the digit that was read before."""
    go_on, read, read_teacher = threading.Event(), DepthLive.read, TeacherLive.read

    def held_preview(self: DepthLive, cut: int, alphas: Any, *, measure: bool) -> DepthReading:
        if measure:
            return read(self, cut, alphas, measure=True)
        assert go_on.wait(PATIENCE / 1000)
        return DepthReading([0] * 40, None)

    def held_teacher(*given: Any) -> Any:
        assert go_on.wait(PATIENCE / 1000)
        return read_teacher(*given)

    view = view_of(page, "teacher")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    monkeypatch.setattr(TeacherLive, "read", held_teacher)
    slide(view.locator(".samples"), "ArrowRight")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    expect(view.locator(".teacher-bars .winner")).to_have_count(0)
    go_on.set()
    expect(view.locator(".teacher-bars .winner")).to_have_count(1)
    go_on.clear()

    page.get_by_role("tab", name="How deep?").click()
    view = view_of(page, "depth")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    monkeypatch.setattr(DepthLive, "read", held_preview)
    view.get_by_role("button", name="All 1").click()
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    wrong = view.locator(".wrong").text_content() or ""
    with page.expect_response(SERVER):
        go_on.set()
    page.wait_for_timeout(5 * DRAWN)
    expect(view.locator(".wrong")).to_have_text(wrong)
    assert not wrong.startswith("40 of")


def test_maps(page: Page) -> None:
    page.get_by_role("tab", name="From unlabelled data").click()
    view = view_of(page, "unlabelled")
    expect(view).to_have_attribute("data-read", re.compile(r"\d"), timeout=PATIENCE)
    expect(view.locator(".measures tbody tr")).to_have_count(6)
    slide(view.locator("input.labels"), "Home")
    expect(view.locator(".measures th.chosen")).to_have_text("1")
    slide(view.locator("input.alpha"), "Home")
    expect(view.locator(".bar-columns h4").last).to_have_text("atoms at 0.0")
    view.get_by_role("button", name="labels of USPS").click()
    expect(view).to_have_attribute("data-read", re.compile(r"\d"), timeout=PATIENCE)

    page.get_by_role("tab", name="Letters as a map").click()
    view = view_of(page, "letters")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    expect(view.locator("ol.neighbours li")).to_have_count(8)
    slide(view.locator("input.alpha"), "End")
    expect(view.locator(".readout")).to_contain_text("alpha 1.00 · exact", timeout=PATIENCE)
    view.get_by_role("button", name="alpha 0: a classifier").click()
    expect(view.locator(".start-name")).to_have_text("a classifier")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)

    page.get_by_role("tab", name="Words as a map").click()
    view = view_of(page, "words")
    expect(view.locator("ol.neighbours li")).to_have_count(12, timeout=PATIENCE)
    slide(view.locator("input.t"), "ArrowLeft", 5)
    expect(view.locator(".readout")).to_contain_text("father + 0.95 (woman", timeout=PATIENCE)
    view.locator("input.start").fill("kingly")
    view.locator("input.start").press("Enter")
    expect(page.locator("#transfer .message")).to_contain_text("but got 'kingly'. Try king")
    expect(view.locator("ol.neighbours li")).to_have_count(0)
    expect(view.locator(".readout")).to_be_empty()
    view.get_by_role("button", name="grace").click()
    expect(view.locator("ol.neighbours li")).to_have_count(12)
    view.locator("input.plus").fill("")
    view.locator("input.plus").press("Enter")
    expect(page.locator("#transfer .message")).to_contain_text('"to" is empty')
    expect(view.locator("ol.neighbours li")).to_have_count(0)
    view.get_by_role("button", name="sword").click()
    expect(page.locator("#transfer .message")).to_be_hidden()
    expect(view.locator("ol.neighbours li").first).to_have_text(re.compile("sword"))


def test_a_view_that_did_not_open_opens_when_it_is_shown_again(page: Page) -> None:
    def lose(route: Route) -> None:
        """The view's first request, as when the network fails."""
        if "unlabelled_open" in (route.request.post_data or ""):
            route.fulfill(status=200, content_type="application/json", body="null")
        else:
            route.continue_()

    message = page.locator("#transfer .message")
    page.route(SERVER, lose)
    page.get_by_role("tab", name="From unlabelled data").click()
    expect(message).to_contain_text("Choose this view again")
    page.get_by_role("tab", name="How deep?").click()
    expect(message).to_be_hidden()
    page.unroute(SERVER)
    page.get_by_role("tab", name="From unlabelled data").click()
    view = view_of(page, "unlabelled")
    expect(view).to_have_attribute("data-read", re.compile(r"\d"), timeout=PATIENCE)
    expect(view.locator(".samples button")).to_have_count(10)
    expect(message).to_be_hidden()


def test_no_answer_to_a_letter_is_shown_once_the_pad_is_empty_and_errors_go(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.get_by_role("tab", name="Letters as a map").click()
    view, message = view_of(page, "letters"), page.locator("#transfer .message")
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    go_on, draw = threading.Event(), LetterMap.draw

    def held(*args: Any) -> Any:
        assert go_on.wait(PATIENCE / 1000)
        return draw(*args)

    monkeypatch.setattr(LetterMap, "draw", held)
    draw_line(page, view)
    view.locator(".clear").click()
    expect(view.locator(".hint")).to_be_visible()
    with page.expect_response(SERVER):
        go_on.set()
    page.wait_for_timeout(5 * DRAWN)
    expect(view.locator(".readout")).to_have_text("Nothing to read: draw a letter, or choose one.")
    expect(view.locator(".badge")).to_be_hidden()
    expect(view.locator("ol.neighbours li")).to_have_count(0)

    def refuse(*_: Any) -> Any:
        raise DniError("Expected a letter.")

    monkeypatch.setattr(LetterMap, "draw", refuse)
    view.locator(".samples button").nth(1).click()
    expect(message).to_have_text("Expected a letter.")
    monkeypatch.setattr(LetterMap, "draw", draw)
    view.locator(".samples button").nth(2).click()
    expect(view.locator(".badge")).to_have_text(EXACT, timeout=PATIENCE)
    expect(message).to_be_hidden()
