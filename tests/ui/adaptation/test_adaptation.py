"""The Adaptation tab in a real browser: walls, slider, accuracies, and where the digits come from."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from adaptation_page import DigitPage, Held
from effects_page import DRAWN
from page_looks import PHONE
from playwright.sync_api import expect

from dni.digits.live_view import ALPHAS
from dni.digits.methods import METHODS
from dni.errors import DniError

WRONG = (192, 28, 40)  # --dni-wrong in theme.css, light


# Where a digit's pixel is two of the screen's.
WIDE = {"viewport": {"width": 1760, "height": 960}}
LAPTOP = {"viewport": {"width": 1366, "height": 768}}


@pytest.fixture
def tab(new_page: Callable[..., DigitPage]) -> DigitPage:
    return new_page(**WIDE).open()


def at(curve: np.ndarray, alpha: float) -> np.ndarray:
    """A curve at the 21 alphas, interpolated as the page does it."""
    return np.array([np.interp(alpha, ALPHAS, column) for column in np.asarray(curve).T])


def test_nothing_is_asked_for_before_the_tab_is_shown(
    new_page: Callable[..., DigitPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    strip = Held(page.digits, "strip", monkeypatch)
    page.desk.open()
    expect(page.page.get_by_role("tab", name="Effects")).to_have_attribute("aria-selected", "true")
    page.page.wait_for_timeout(DRAWN)
    assert strip.asked == []
    page.show()
    page.wait_exact(0)
    assert len(strip.asked) == 1


def test_opens_with_walls_of_digits_accuracies_and_where_they_come_from(tab: DigitPage) -> None:
    expect(tab.find(".wall h3")).to_have_text(["MNIST", "MNIST-M", "Inverted", "Yours"])
    expect(tab.find(".end-b")).to_have_text(METHODS["dann"].title)
    expect(tab.find(".badge")).to_have_text("exact")
    expect(tab.find(".readout")).to_have_text(re.compile(r"alpha 0\.50 · exact in \d+ ms"))
    expect(tab.find(".basis")).to_contain_text("310 of MNIST's test digits")
    tab.assert_scores(tab.digits.accuracy("dann", 0.5, tab.own()))
    # The button that Gradio uploads with is not seen.
    expect(tab.page.locator("#digits-picture")).to_be_attached()
    expect(tab.page.locator("#digits-picture")).to_be_hidden()
    digits = tab.digits.grid(tab.own()).numpy()
    for domain in range(4):
        grid = tab.grid(domain)
        right = tab.answers(0.5)[domain] == tab.digits.labels
        for number in range(40):
            tile, *_ = tab.tile(grid, number)
            expected = digits[domain, number].transpose(1, 2, 0).repeat(2, axis=0).repeat(2, axis=1)
            # The cross hides the upper right corner of a wrong one, and the frame its edge.
            inside = np.s_[24:54, 2:54] if not right[number] else np.s_[:, :]
            np.testing.assert_array_equal(tile[inside], expected[inside])


def test_wrong_digits_have_a_red_frame_and_a_cross_and_right_ones_none(tab: DigitPage) -> None:
    for alpha in (0.0, 0.73):
        tab.set(alpha)
        tab.wait_exact(alpha)
        assert_marks(tab, alpha)


def assert_marks(tab: DigitPage, alpha: float) -> None:
    answers = tab.answers(alpha)
    for domain in (0, 1):
        grid, right = tab.grid(domain), 0
        for number, label in enumerate(tab.digits.labels):
            is_right = bool(answers[domain, number] == label)
            right += is_right
            _, left, top = tab.tile(grid, number)
            frame = np.abs(grid[top + 30, left - 1].astype(int) - WRONG).max() < 40
            corner = np.abs(grid[top + 2, left + 44].astype(int) - WRONG).max() < 40
            assert (frame, corner) == (not is_right, not is_right)
        assert 0 < right < 40, "the test's networks are too good or too bad to tell"
        expect(tab.find(".wall .tally").nth(domain)).to_have_text(f"{right} of these 40 read rightly")


def test_drag_interpolates_and_rests_exactly(tab: DigitPage, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = tab.digits.accuracy_curve("dann", tab.own()).numpy()
    exact = Held(tab.digits, "exact", monkeypatch)
    exact.gate.clear()
    tab.drag(0.9, 0.2, 0.64)
    tab.wait("Math.abs(data.alpha - 0.64) < 0.02 && data.state === 'preview'")
    alpha = float(tab.slider.input_value())
    tab.assert_scores(at(curve, alpha))
    expect(tab.find(".badge")).to_have_text("preview")
    tab.desk.wait_until(lambda: len(exact.asked) == 1)
    exact.gate.set()
    tab.wait_exact(alpha)  # the mouse button is still down: resting is enough
    tab.assert_scores(tab.digits.accuracy("dann", alpha, tab.own()))
    tab.page.mouse.up()


def test_a_late_reply_never_replaces_a_newer_one(tab: DigitPage, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = Held(tab.digits, "exact", monkeypatch)
    exact.gate.clear()
    tab.set(0.93)
    tab.desk.wait_until(lambda: len(exact.asked) == 1)
    tab.set(0.07)
    tab.page.wait_for_timeout(2 * DRAWN)
    exact.gate.set()
    tab.wait_exact(0.07)
    assert [given[1] for given in exact.asked] == [0.93, 0.07]
    tab.assert_scores(tab.digits.accuracy("dann", 0.07, tab.own()))


def test_a_server_that_fails_leaves_the_walls_and_comes_back(
    tab: DigitPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tab.grid(0)
    with monkeypatch.context() as patch:
        patch.setattr(
            tab.digit_service.service, "picture", lambda *_: tab.digit_service.service.pair("nothing")
        )
        tab.set(0.51)
        expect(tab.find(".message")).to_contain_text("Expected one of the pairs")
        expect(tab.find(".badge")).to_have_text("preview")
        assert np.abs(tab.grid(0).astype(int) - before).mean() < 10
    tab.set(0.52)
    tab.wait_exact(0.52)
    expect(tab.find(".message")).to_be_hidden()


def test_walls_that_cannot_be_had_are_asked_for_again(
    new_page: Callable[..., DigitPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DniError("Expected the networks, but they are <b>gone</b>.")

    page = new_page()
    page.desk.open(complete=False)
    with monkeypatch.context() as patch:
        patch.setattr(page.digits, "strip", refuse)
        page.show()
        expect(page.find(".message")).to_have_text("Expected the networks, but they are <b>gone</b>.")
        expect(page.find(".badge")).to_have_text("failed")
    page.set(0.52)
    page.wait_exact(0.52)
    expect(page.find(".message")).to_be_hidden()


def test_keyboard_and_snapping(tab: DigitPage) -> None:
    for key, alpha in (
        ("ArrowRight", 0.51),
        ("ArrowLeft", 0.5),
        ("ArrowLeft", 0.49),
        ("End", 1),
        ("Home", 0),
    ):
        tab.slider.press(key)
        tab.wait("Number(data.alpha) === given", alpha)
    assert (
        tab.slider.get_attribute("aria-valuetext") == f"0.00: 100 % source only, 0 % {METHODS['dann'].title}"
    )
    tab.drag(0.3, 0.988)
    tab.wait_exact(1)
    assert tab.slider.input_value() == "1"
    tab.page.mouse.up()


def test_play_sweeps_alpha_and_a_touch_stops_it(new_page: Callable[..., DigitPage]) -> None:
    page = new_page(**LAPTOP).open()
    page.set(0)
    page.find(".play").click()
    page.wait("Number(data.alpha) > 0.05")
    expect(page.find(".badge")).to_have_text("preview")
    page.find(".intro").click()
    expect(page.find(".play")).to_have_attribute("aria-label", "Play: sweep alpha from 0 to 1")
    stopped = float(page.slider.input_value())
    assert 0 < stopped < 1
    page.wait("data.state === 'exact'")
    assert float(page.slider.input_value()) == stopped


@pytest.mark.parametrize("options", [PHONE, LAPTOP])
def test_digits_and_controls_are_in_view_at_first(
    new_page: Callable[..., DigitPage], options: dict[str, Any]
) -> None:
    page = new_page(**options)
    page.desk.open(complete=False)
    page.show()
    page.wait_exact(0)
    for part in (".wall canvas", ".play", ".alpha", ".methods", ".scores"):
        expect(page.find(part).first).to_be_in_viewport(ratio=1)


def test_the_accuracy_chart_is_clicked_to_go_there_and_a_method_chosen(tab: DigitPage) -> None:
    chart = tab.find("canvas.accuracy")
    box = chart.bounding_box()
    assert box is not None
    chart.click(position={"x": 44 + 0.25 * (box["width"] - 54), "y": 60})
    tab.wait_exact(0.25)
    expect(chart).to_have_attribute("aria-label", re.compile(r"at 0\.25: MNIST \d+ %, MNIST-M \d+ %"))
    tab.set(0.5)
    tab.wait_exact(0.5)
    tab.choose("target_only")
    expect(tab.find(".end-b")).to_have_text("Target labels (upper bound)")
    expect(tab.find(".about")).to_contain_text("with the colour digits' labels")
    expect(tab.find(".about a")).to_be_hidden()
    tab.wait_exact(0.5)
    tab.assert_scores(tab.digits.accuracy("target_only", 0.5, tab.own()))
    tab.choose("ddc")
    expect(tab.find(".end-b")).to_have_text(METHODS["ddc"].title)
    expect(tab.find(".about a")).to_have_attribute("href", METHODS["ddc"].paper)
    tab.wait_exact(0.5)
    tab.assert_scores(tab.digits.accuracy("ddc", 0.5, tab.own()))


def test_details_of_a_digit_by_mouse_and_keys(tab: DigitPage) -> None:
    grid, probabilities = tab.find(".wall canvas").nth(1), tab.digits.exact_grid("dann", 0.5, tab.own())[1]

    def assert_details(number: int) -> None:
        peek = tab.find(".peek").nth(1)
        answer = int(probabilities[number].argmax())
        shares = [f"{100 * share:.0f} %" for share in (probabilities[number] * 255).round() / 255]
        expect(peek.locator("p")).to_contain_text(f"A {tab.digits.labels[number]}, read as {answer}")
        expect(peek.locator("em")).to_have_text(shares)
        inside, card = peek.bounding_box(), tab.find(".wall").nth(1).bounding_box()
        assert inside is not None
        assert card is not None
        assert card["x"] <= inside["x"]
        assert inside["x"] + inside["width"] <= card["x"] + card["width"] + 0.5

    box = grid.bounding_box()
    assert box is not None
    grid.hover(position={"x": box["width"] * 9.5 / 10, "y": box["height"] * 3.5 / 4})
    assert_details(39)
    tab.find(".basis").hover()
    expect(tab.find(".peek").nth(1)).to_be_hidden()
    grid.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        grid.press(key)
    assert_details(5)
    grid.press("Escape")
    expect(tab.find(".peek").nth(1)).to_be_hidden()


def test_effects_are_as_they_were_after_a_visit(tab: DigitPage) -> None:
    tab.show("Effects")
    tab.desk.wait_exact(0.5)
    tab.desk.actual_size()
    tab.desk.assert_shows(tab.desk.example(), "tiny", 0.5)
    tab.desk.drag(0.33)
    tab.desk.wait_exact(0.33)
    tab.desk.assert_shows(tab.desk.example(), "tiny", 0.33)
    tab.show()
    tab.set(0.6)
    tab.wait_exact(0.6)
