"""The row of effects, the slider's first sweep, and what the blend is compared with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from effects_page import Desk, decoded, difference, tiny_pairs, whole
from playwright.sync_api import expect

from dni.blending.shares import Mix
from dni.catalog.catalog_file import load_catalog
from dni.catalog.ladders import Ladder
from dni.errors import DniError
from dni.examples import EXAMPLES, example_paths, suitable_examples
from dni.serving.render_service import RenderService
from dni.serving.scheduling.live_pixel_budget import export_seconds
from dni.ui.effects.cards import card_of
from dni.ui.effects.viewer import whole_in_words
from dni.ui.pictures.inputs import chosen_name
from dni.ui.web_component import WEB

MOTION = {"reduced_motion": "no-preference"}


# Cards


def test_every_bundled_effect_has_a_picture_and_examples() -> None:
    for pair in load_catalog().values():
        if len(pair.ends) > 2 or not pair.is_local() or pair.superseded_by:
            continue
        card = card_of(pair)
        assert card.before, pair.id
        assert card.after, pair.id
        assert 0 < card.bytes < 10_000_000
        assert set(pair.examples) <= EXAMPLES.keys()
    for file in (WEB / "cards/pictures").iterdir():
        assert file.name.rsplit("-", 1)[0] in load_catalog()


@pytest.mark.parametrize("width", [1366, 390])
def test_no_cards_text_is_cut(
    new_desk: Callable[..., Desk], serve: Callable[[RenderService], str], width: int
) -> None:
    service = RenderService(load_catalog(), device=torch.device("cpu"))
    desk = new_desk(service=service, url=serve(service), viewport={"width": width, "height": 844})
    desk.page.goto(desk.url)
    expect(desk.card("Pencil").first).to_be_visible()
    cut = """(texts) => texts.map((text) => text.textContent).filter((_, at) =>
        texts[at].scrollHeight > texts[at].clientHeight || texts[at].scrollWidth > texts[at].clientWidth)"""
    shown = desk.page.locator("#effects-cards button:visible :is(strong, .line, small)")
    assert shown.count() > 30
    assert shown.evaluate_all(cut) == []


def test_examples_are_those_of_the_pair_or_suit_its_scale() -> None:
    assert suitable_examples(["blocks-10", "unknown"], 1) == ["blocks-10"]
    assert suitable_examples([], 1)[0] == "portrait"
    assert suitable_examples(["unknown"], 4)[0] == "cat"
    assert suitable_examples([], None)[0] == "cat"
    assert all(path.is_file() for path, _ in example_paths())


def test_a_superseded_pair_has_a_card_only_while_it_is_chosen(desk: Desk) -> None:
    desk.open("?pair=former", complete=False)
    expect(desk.card("Former pair")).to_have_attribute("aria-pressed", "true")
    expect(desk.page.locator(".end-b")).to_have_text("rough")
    desk.card("Turned pair").click()
    expect(desk.page.locator(".end-b")).to_have_text("calm last")
    expect(desk.card("Former pair")).to_be_hidden()


def test_cards_by_keyboard(desk: Desk) -> None:
    desk.open(complete=False)
    expect(desk.page.locator("#effects-cards button:visible")).to_have_count(3)
    expect(desk.card("Tiny pair")).to_have_attribute("aria-pressed", "true")
    expect(desk.card("Tiny pair").locator("small")).to_have_text("")
    expect(desk.card("Gone pair").locator("small")).to_have_text("download")
    desk.card("Tiny pair").focus()
    desk.page.keyboard.press("ArrowRight")
    expect(desk.card("Turned pair")).to_be_focused()
    expect(desk.page.locator(".end-a")).to_have_text("calm")  # going past a card chooses nothing
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    expect(desk.card("Turned pair")).to_have_attribute("aria-pressed", "true")
    expect(desk.card("Turned pair")).to_be_focused()
    desk.page.keyboard.press("End")
    expect(desk.card("Gone pair")).to_be_focused()


def test_a_link_to_a_pair_that_is_not_here_marks_its_card(desk: Desk) -> None:
    desk.open("?pair=gone", complete=False)
    desk.message("click its card to download it")
    expect(desk.card("Gone pair")).to_have_class("wanted")
    expect(desk.card("Tiny pair")).to_have_attribute("aria-pressed", "true")


# The first sweep

RECORD_ALPHAS = """() => {
    window.alphas = [];
    const canvas = document.querySelector('canvas');
    new MutationObserver(() => window.alphas.push(Number(canvas.dataset.alpha))).observe(
        canvas, { attributes: true, attributeFilter: ['data-alpha'] });
}"""


def test_the_slider_goes_once_from_end_to_end(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(**MOTION)
    desk.page.goto(desk.url)
    desk.wait("canvas?.dataset.alpha === '0.5'")
    desk.page.evaluate(RECORD_ALPHAS)
    desk.wait("window.alphas.includes(1) && window.alphas.includes(0)")
    desk.wait_exact(0.5)
    assert desk.slider.input_value() == "0.5"
    desk.page.wait_for_timeout(500)
    assert desk.alpha == 0.5


def test_a_key_on_the_slider_stops_the_sweep_where_it_is(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(**MOTION)
    desk.page.goto(desk.url)
    desk.wait("Number(canvas?.dataset.alpha) > 0.6")
    desk.slider.press("ArrowRight")
    stopped = desk.alpha
    desk.wait_state("exact")
    assert abs(desk.alpha - stopped) < 0.1
    assert desk.alpha > 0.55


def test_a_touch_of_something_else_brings_the_slider_back(new_desk: Callable[..., Desk]) -> None:
    """Nobody who chooses a picture wants the alpha that happens to be there."""
    desk = new_desk(**MOTION)
    desk.page.goto(desk.url)
    desk.wait("Number(canvas?.dataset.alpha) > 0.6")
    desk.page.mouse.move(5, 5)
    desk.page.mouse.down()
    desk.wait_exact(0.5)
    desk.page.mouse.up()


def test_a_link_to_an_alpha_stays_there(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(**MOTION).open("?alpha=0.3")
    desk.page.wait_for_timeout(700)
    assert desk.alpha == 0.3


# Where the slider is with another card


def test_the_strength_of_a_ladder_is_not_taken_along(
    new_desk: Callable[..., Desk], serve: Callable[[RenderService], str], page_ends: list[Path]
) -> None:
    pairs = tiny_pairs(page_ends)
    noise = Ladder("noise", ((0.0, 0.12), (255.0, 0.12)))
    pairs["ladder"] = replace(pairs["turned"], id="ladder", title="Ladder pair", description="", ladder=noise)
    service = RenderService(pairs, device=torch.device("cpu"), precision="float32")
    desk = new_desk(service=service, url=serve(service)).open("?alpha=0.3", complete=False)
    desk.choose_pair("Turned pair")
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    desk.wait_exact(0.3)
    desk.choose_pair("Ladder pair")
    desk.wait_exact(0.12)
    expect(desk.page.locator(".estimate")).to_contain_text("0.12 was the best alpha")
    desk.choose_pair("Tiny pair")
    desk.wait_exact(0.5)
    expect(desk.page.locator(".end-a")).to_have_text("calm")
    expect(desk.page.locator(".estimate")).to_be_hidden()
    # Nor after a reload, when the address has it.
    desk.open("?pair=ladder&alpha=0.12", complete=False)
    desk.choose_pair("Tiny pair")
    desk.wait_exact(0.5)


# An alpha that is typed


def test_an_alpha_is_typed(desk: Desk) -> None:
    desk.open(complete=False)
    box = desk.page.get_by_label("alpha", exact=True)
    box.fill("0.333")
    box.press("Enter")
    desk.wait_exact(0.333)
    assert desk.slider.input_value() == "0.33"
    box.fill("9")
    box.press("Tab")
    desk.wait_exact(1)
    expect(box).to_have_value("1.00")
    box.press("ControlOrMeta+a")
    desk.page.keyboard.type("0,25")
    box.press("Enter")
    desk.wait_exact(0.25)
    expect(box).to_have_value("0.25")
    box.press("ArrowUp")
    desk.wait_exact(0.26)
    box.fill("half")
    box.press("Enter")
    expect(desk.page.locator(".dni-viewer .message")).to_contain_text("such as 0.25, but got “half”")
    expect(box).to_have_value("0.26")
    assert desk.alpha == 0.26


# Comparing


def test_compare_with_a_kept_alpha_that_goes_with_the_pair(desk: Desk) -> None:
    desk.open("?alpha=0.3")
    desk.button("keep").click()
    desk.change(0.8)
    desk.page.get_by_label("Compare with").select_option(label="A 0.30")
    desk.wait_exact(0.8)
    desk.wait_quiet()
    desk.actual_size()
    assert_halves(desk, 0.3, 0.8)
    desk.page.get_by_label("Compare with").select_option(label="wild")
    desk.wait_quiet()
    assert_halves(desk, 1.0, 0.8)
    desk.page.get_by_role("button", name="A 0.30").click()
    desk.wait_exact(0.3)
    expect(desk.page.locator(".kept button")).to_have_count(1)
    desk.choose_pair("Turned pair")
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    expect(desk.page.locator(".kept button")).to_have_count(0)
    expect(desk.page.get_by_label("Compare with").locator("option")).to_have_count(3)


def test_a_fourth_kept_alpha_says_what_it_replaces_and_the_wipe_follows(desk: Desk) -> None:
    desk.open("?alpha=0.2", complete=False)
    for alpha in (0.2, 0.4, 0.6):
        desk.change(alpha)
        desk.button("keep").click()
    desk.page.get_by_label("Compare with").select_option(label="A 0.20")
    desk.change(0.8)
    desk.button("keep").click()
    message = desk.page.locator(".dni-viewer .message")
    expect(message).to_have_text("A was 0.20 and is 0.80 now: three alphas are kept at most.")
    expect(desk.page.get_by_label("Compare with").locator("option:checked")).to_have_text("A 0.80")
    desk.change(0.3)
    expect(message).to_be_hidden()
    desk.wait_exact(0.3)
    desk.wait_quiet()
    desk.actual_size()
    assert_halves(desk, 0.8, 0.3)


def assert_halves(desk: Desk, left: float, right: float) -> None:
    """Left of the middle the one alpha, right of it the other; away from the divider and its labels."""
    seen, picture = desk.picture(4 * 168, 4 * 112), desk.example()
    for alpha, part in ((left, slice(20, 300)), (right, slice(370, 650))):
        jpeg = desk.service.render_frame(picture, "tiny", whole(picture), Mix.of_alpha(alpha)).jpeg
        assert difference(seen[:400, part], decoded(jpeg)[:400, part]) < 1


# Which looks better?


def test_ten_comparisons_give_an_alpha(desk: Desk) -> None:
    """Somebody who likes the second end best gets there, and nothing names an alpha meanwhile."""
    desk.open("?alpha=0.2")
    # Stopped at once, it goes back to where it was.
    desk.button("blind").click()
    desk.page.locator(".blind .stop").click()
    desk.wait_exact(0.2)
    assert desk.page.locator(".estimate").is_hidden()
    address = desk.page.url
    desk.button("blind").click()
    assert not desk.slider.is_visible()
    assert not desk.page.locator(".readout").is_visible()
    seen, thumb = [], desk.page.locator("#viewer input.alpha")
    for number in range(10):
        expect(desk.page.locator(".blind .number")).to_have_text(f"{number + 1} of 10")
        alphas = []
        for which in ("Look at 1", "Look at 2"):
            desk.page.get_by_role("button", name=which).click()
            desk.wait_exact(float(thumb.input_value()))  # the canvas is drawn after the thumb has moved
            alphas.append(desk.alpha)
            assert desk.page.url == address
        seen.append(sorted(alphas))
        better = "1 is better" if alphas[0] > alphas[1] else "2 is better"
        desk.page.get_by_role("button", name=better).click()
    expect(desk.page.locator(".estimate")).to_have_text(re.compile(r"Your alpha is 0\.9\d, and in four of"))
    assert desk.alpha > 0.9
    assert desk.page.url == address.replace("alpha=0.2", f"alpha={desk.alpha:g}")
    assert desk.slider.is_visible()
    assert desk.button("blind").evaluate("(button) => button === document.activeElement")
    assert all(second - first > 0.19 for first, second in seen)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "in a moment"), (2, "in about 2 s"), (89, "in about 89 s"), (180, "in about 3 minutes")],
)
def test_the_whole_picture_is_announced(seconds: float, words: str) -> None:
    assert whole_in_words(2048, 1024, seconds) == f"The whole picture: 2,048 x 1,024 pixels, {words}."


def test_the_time_of_a_whole_picture() -> None:
    assert export_seconds(1_000_000, 100_000, precision="float32") == pytest.approx(1)
    assert export_seconds(1_000_000, 100_000, precision="bfloat16") == pytest.approx(2)


@pytest.mark.parametrize("index", [None, -1, 3, 1.0, True, "0", [0, 1], {"a": 1}])
def test_an_example_that_is_not_there_is_refused(index: object) -> None:
    assert chosen_name(["a", "b", "c"], 2) == "c"
    with pytest.raises(DniError, match="Expected one of 3 examples, but got"):
        chosen_name(["a", "b", "c"], index)
