"""The mixing desk in a browser: controls, layers, comparing and measuring."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mixing_page import MixingPage
from playwright.sync_api import expect

from dni.blending.shares import Mix
from dni.pictures.picture import to_pil
from dni.ui.mixing.scene import with_layers


def test_two_ends_have_a_slider_and_exact_frames_and_go_beyond_with_a_warning(mixing: MixingPage) -> None:
    mixing.actual_size()
    assert mixing.shares == [0.5, 0.5]
    mixing.wait_frames()
    mixing.set_alpha(0.73)
    mixing.assert_shows("tiny", Mix.of_alpha(0.73))
    expect(mixing.find(".numbers")).to_have_text(re.compile("calm27 %.*wild73 %"))
    mixing.find("input.alpha").press("ArrowRight")
    mixing.wait_exact(0.26, 0.74)
    warning = mixing.find(".warning")
    expect(warning).to_be_hidden()
    mixing.find(".beyond").check()
    mixing.set_alpha(1.3)
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("nothing is promised")
    mixing.assert_shows("tiny", Mix.of_alpha(1.3, extrapolate=True))
    mixing.find(".beyond").uncheck()
    mixing.wait_exact(0, 1)
    expect(warning).to_be_hidden()


def test_three_and_four_ends_have_a_pad(mixing: MixingPage) -> None:
    for title, count in (("Tiny three", 3), ("Tiny four", 4)):
        assert_pad(mixing, title, count)


def assert_pad(mixing: MixingPage, title: str, count: int) -> None:
    mixing.choose_networks(title, count)
    mixing.actual_size()
    pair, pad = title.split()[1], mixing.find(".pad canvas")
    assert mixing.shares == pytest.approx([1 / count] * count, abs=1e-4)
    pad.press(str(count))
    mixing.wait_exact(*[0] * (count - 1), 1)
    pad.press("ArrowLeft")
    mixing.settle()
    box = pad.bounding_box()
    assert box is not None
    mixing.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mixing.page.mouse.down()
    mixing.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.6, steps=4)
    mixing.page.mouse.up()
    mixing.settle()
    assert all(0.05 < share < 0.7 for share in mixing.shares)
    mixing.assert_shows(pair, Mix.of(mixing.shares))
    spoken = [int(number) for number in re.findall(r"(\d+) %", pad.get_attribute("aria-valuetext") or "")]
    assert spoken == pytest.approx([100 * share for share in mixing.shares], abs=1)
    assert int(pad.get_attribute("aria-valuenow") or "") == pytest.approx(max(spoken), abs=1)


def test_three_looks_are_around_what_they_redraw(mixing: MixingPage) -> None:
    mixing.choose_networks("Tiny around", 4)
    mixing.actual_size()
    assert mixing.shares == [0.25, 0.75, 0, 0]
    pad = mixing.find(".pad canvas")
    box = pad.bounding_box()
    assert box is not None
    pad.click(position={"x": box["width"] / 2, "y": box["height"] - 2})
    mixing.wait_exact(-0.2, 0, 0.6, 0.6)
    mixing.assert_shows("around", Mix.of((-0.2, 0, 0.6, 0.6), extrapolate=True))
    expect(mixing.find(".warning")).to_be_hidden()
    pad.press("1")
    mixing.wait_exact(1, 0, 0, 0)


def test_five_ends_have_sliders_and_any_number_task_arithmetic(mixing: MixingPage) -> None:
    mixing.choose_networks("Tiny five", 5)
    mixing.actual_size()
    sliders = mixing.find(".bank input")
    sliders.nth(2).fill("0.6")
    mixing.wait_exact(0.1, 0.1, 0.6, 0.1, 0.1)
    mixing.assert_shows("five", Mix.of((0.1, 0.1, 0.6, 0.1, 0.1)))
    mixing.find(".tasks").check()
    expect(mixing.find(".warning")).to_be_hidden()
    sliders.nth(1).fill("0.9")
    expect(mixing.find(".warning")).to_be_visible()
    mixing.wait_exact(-0.7, 0.9, 0.6, 0.1, 0.1)
    mixing.assert_shows("five", Mix.of((-0.7, 0.9, 0.6, 0.1, 0.1), extrapolate=True))
    mixing.find(".tasks").uncheck()
    mixing.settle()
    assert min(mixing.shares) >= 0


def test_layers_get_a_part_of_the_mix_by_keys_and_by_a_stroke(mixing: MixingPage) -> None:
    mixing.set_alpha(1)
    mixing.actual_size()
    mixing.show("Layers")
    mixing.button("Only late layers").click()
    mixing.settle()
    names = mixing.service.renderer("tiny").blend.groups
    layers = dict(zip(names, [part / 100 for part in mixing.layers], strict=True))
    assert set(layers.values()) == {0, 1}
    mixing.assert_shows("tiny", with_layers(Mix.of_alpha(1), layers))
    bars = mixing.find(".column")
    bars.first.press("End")
    bars.last.press("ArrowDown")
    mixing.settle()
    assert (mixing.layers[0], mixing.layers[-1]) == (100, 95)
    layers |= {names[0]: 1.0, names[-1]: 0.95}
    mixing.assert_shows("tiny", with_layers(Mix.of_alpha(1), layers))
    mixing.button("Reset").click()
    mixing.wait_exact(0.5, 0.5)
    assert set(mixing.layers) == {100}
    # The verdict marks the layers.
    expect(mixing.page.locator("#desk-verdict .verdict")).to_contain_text("correlation")
    expect(mixing.find(".column em")).to_have_count(len(mixing.layers))
    mixing.set_alpha(0.61)  # what came late has not taken the mix away
    assert mixing.shares == [0.39, 0.61]
    mixing.find(".bars").scroll_into_view_if_needed()
    box = mixing.find(".bars").bounding_box()
    assert box is not None
    mouse = mixing.page.mouse
    mouse.move(box["x"] + 3, box["y"] + 100)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 3, box["y"] + 10, steps=20)
    mouse.up()
    mixing.settle()
    assert mixing.layers == sorted(mixing.layers)
    assert mixing.layers[0] < 30
    assert mixing.layers[-1] > 70


# Comparing and measuring


def test_pixels_beside_the_network_and_a_curve_that_is_clicked(mixing: MixingPage) -> None:
    mixing.show("Against pixels")
    note = mixing.find('[data-panel="compare"].panel .note')
    expect(note).to_contain_text("dB PSNR")
    expect(mixing.find(".trio img")).to_have_count(3)
    mixing.set_alpha(0)
    expect(note).to_contain_text("Here both give the same picture")
    mixing.show("Curve")
    mixing.find("button.measure").click()
    points = mixing.find("svg .point")
    expect(points).to_have_count(11)
    expect(mixing.find(".advice")).to_contain_text("Suggested alpha")
    expect(mixing.find('[data-panel="curve"].panel')).to_contain_text("PSNR below the best (dB)")
    points.nth(3).click()
    mixing.wait_exact(0.7, 0.3)
    advice = re.search(r"alpha: ([\d.]+\d)", mixing.find(".advice").inner_text())
    assert advice is not None
    mixing.find(".accept").click()
    mixing.wait_exact(round(1 - float(advice[1]), 4), float(advice[1]))
    mixing.choose_networks("Tiny three", 3)
    mixing.find("button.measure").click()
    expect(mixing.find(".message")).to_contain_text("The curve needs two networks")


def test_a_curve_against_a_reference(mixing: MixingPage, tmp_path: Path) -> None:
    note = mixing.find('[data-panel="curve"].panel .note')
    mixing.show("Curve")
    mixing.find(".against").select_option("reference")
    mixing.find("button.measure").click()
    expect(note).to_contain_text("Expected a reference picture, but none was given")
    example = mixing.desk.example()
    truth = to_pil(mixing.service.renderer("tiny").render(example.rgb, Mix.of_alpha(0.4)))
    truth.save(tmp_path / "truth.png")
    mixing.open_accordion("Reference")
    mixing.page.locator("#desk-reference input[type=file]").set_input_files(tmp_path / "truth.png")
    mixing.page.locator("#desk-reference img").wait_for()

    def is_measured() -> bool:
        """The reference is on the page before the server has read it."""
        mixing.find("button.measure").click()
        expect(note).to_contain_text(re.compile("Measured|none was given"))
        return "Measured against the reference" in note.inner_text()

    mixing.desk.wait_until(is_measured)
    assert "Suggested alpha: 0.40" in mixing.find(".advice").inner_text()


# Other windows

# How far the text below each bar is from the bar, and from the end of its own place; in pixels.
LABEL_GAPS = """(bars) => bars.map((bar) => {
    const [column, caption] = bar.children;
    const range = document.createRange();
    range.selectNodeContents(caption);
    const [text, place] = [range, caption].map((each) => each.getBoundingClientRect());
    return [text.top - column.getBoundingClientRect().bottom, place.bottom - text.bottom];
})"""
# How much wider than a list its longest choice is, in pixels.
CUT = """(list) => {
    const { width } = list.getBoundingClientRect();
    list.style.width = list.style.maxWidth = 'max-content';
    const whole = list.getBoundingClientRect().width;
    list.style.width = list.style.maxWidth = '';
    return whole - width;
}"""


def test_dark_and_narrow(new_mixing: Callable[..., Any]) -> None:
    page = new_mixing(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True).open()
    page.choose_networks("Tiny four", 4)
    page.find(".pad canvas").tap(position={"x": 60, "y": 60})
    page.settle()
    assert page.shares != [0.25] * 4
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    # Names below the bars of layers are whole, and apart from the bars.
    page.find("[role=tab][data-panel=layers]").tap()
    gaps = page.find(".bar-of-layer").evaluate_all(LABEL_GAPS)
    assert gaps
    assert all(above >= 3 and below >= 0 for above, below in gaps)
    # What is not there yet is no broken picture.
    page.find("[role=tab][data-panel=compare]").tap()
    missing = "(image) => { image.removeAttribute('src'); return getComputedStyle(image).visibility; }"
    assert page.find(".trio img").first.evaluate(missing) == "hidden"
    # The choice of what to measure is shown in full, here and on a wide page.
    page.find("[role=tab][data-panel=curve]").tap()
    assert page.find("[data-panel=curve] select").evaluate(CUT) <= 0
    page.page.set_viewport_size({"width": 1280, "height": 844})
    assert page.find("[data-panel=curve] select").evaluate(CUT) <= 0
