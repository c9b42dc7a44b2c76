"""The Adaptation tab: own picture and strength, drawing, feature map, training; and how it looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from adaptation_page import EXAMPLE, SNAPSHOTS, DigitPage, Held
from effects_page import DRAWN, PATIENCE
from page_looks import COLOURS, CROPPED, PHONE, assert_readable, between, luminance, touch
from PIL import Image
from playwright.sync_api import expect

from dni.digits.live_view import STRENGTHS
from dni.examples import WHOLE
from dni.serving.render_service import RenderServiceError
from dni.ui.web_component import WEB, url_of

EXAMPLE_FOLDER = Path(__file__).parents[3] / "dni/examples"
TEXTS = (
    "button[role=tab], .dni-digits button, .dni-digits .end, .dni-digits figcaption, "
    ".dni-digits .readout, .dni-digits .badge, .dni-digits p, .dni-digits h3, .dni-digits h4, "
    ".dni-digits label, .dni-digits select, .dni-digits .legend span, .dni-digits summary"
)

# Where a digit's pixel is two of the screen's.
WIDE = {"viewport": {"width": 1760, "height": 960}}

SHOW_READOUT = "(text) => { document.querySelector('.dni-digits .readout').textContent = text; }"

MOUNT_ANOTHER = """async ([module, markup, start]) => {
    const { mount } = await import(new URL(module, document.baseURI));
    const element = document.createElement('div');
    element.id = 'another';
    document.querySelector('#digits').append(element);
    const server = { desk: async () => ({ error: 'This is the other one.' }) };
    mount({ element, props: { value: null, markup, start }, trigger() {}, server, watch() {} });
}"""


@pytest.fixture
def tab(new_page: Callable[..., DigitPage]) -> DigitPage:
    return new_page(**WIDE).open()


def tile_of(page: DigitPage, domain: int, number: int) -> np.ndarray:
    """A digit as the wall shows it, 28 by 28, without what the marks of a wrong one hide."""
    tile, *_ = page.tile(page.grid(domain), number)
    return tile[::2, ::2][12:27, 1:27]


# The picture and its strength


def test_strength_fades_the_picture_in_and_its_chart_tells_all_three_networks(tab: DigitPage) -> None:
    tab.find(".strength input").fill("0")
    tab.wait("data.state === 'exact' && data.opened === '2'")
    np.testing.assert_array_equal(tile_of(tab, 3, 7), tile_of(tab, 0, 7))
    tab.find(".strength input").fill("40")
    tab.wait("data.state === 'exact' && data.opened === '3'")
    expected = tab.digits.grid(tab.own(0.4))[3, 7].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(tile_of(tab, 3, 7), expected[12:27, 1:27])
    tab.assert_scores(tab.digits.accuracy("dann", 0.5, tab.own(0.4)))
    tab.find(".strength input").fill("100")
    tab.find("canvas.strengths").scroll_into_view_if_needed()
    curves = tab.digits.strengths_curve("dann", 0.5, tab.own()).numpy()
    values = tab.find(".shift .legend b")
    expect(values).to_have_text([f"{100 * row[-1]:.0f} %" for row in curves])
    tab.find(".strength input").fill("30")
    at = [np.interp(0.3, STRENGTHS, row) for row in curves]
    expect(values).to_have_text([f"{100 * share:.0f} %" for share in at])
    expect(tab.find(".shift .legend span").nth(1)).to_have_text("blend at 0.50")
    tab.set(0.9)
    expect(tab.find(".shift .legend span").nth(1)).to_have_text("blend at 0.90", timeout=PATIENCE)
    canvas = tab.find("canvas.strengths")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": 44 + 0.37 * (box["width"] - 54), "y": box["height"] / 2})
    expect(tab.find(".strength output")).to_have_text("40 %")
    expect(tab.find(".strength input")).to_have_value("40")


def test_another_example_an_own_picture_and_a_bad_one(tab: DigitPage, tmp_path: Path) -> None:
    tab.find(".pictures").select_option("Rocket")
    tab.wait("data.state === 'exact' && data.opened === '2'")
    expected = tab.digits.grid(tab.own(token="example-rocket"))[3, 7].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(tile_of(tab, 3, 7), expected[12:27, 1:27])

    Image.new("RGBA", (60, 50), (200, 30, 90, 255)).save(tmp_path / "plain.png")
    tab.upload(tmp_path / "plain.png")
    expect(tab.find(".pictures option:checked")).to_have_text("plain.png")
    tab.wait("data.state === 'exact' && data.opened === '3'")
    assert tile_of(tab, 3, 7)[0, 0].tolist() == [200, 30, 90]
    (tmp_path / "notes.png").write_text("no picture")
    tab.upload(tmp_path / "notes.png")
    tab.desk.message("notes.png is none")
    expect(tab.find(".pictures option:checked")).to_have_text("plain.png")
    tab.set(0.6)
    tab.wait_exact(0.6)
    assert tile_of(tab, 3, 7)[0, 0].tolist() == [200, 30, 90]
    Image.new("RGB", (60, 50), (10, 220, 90)).save(tmp_path / "other.png")
    tab.upload(tmp_path / "other.png")
    expect(tab.find(".pictures option:checked")).to_have_text("other.png")
    expect(tab.find(".pictures option")).to_have_count(len(WHOLE) + 1)
    tab.wait("data.state === 'exact' && data.opened === '4'")
    assert tile_of(tab, 3, 7)[0, 0].tolist() == [10, 220, 90]


def test_a_late_upload_leaves_a_newer_choice(
    tab: DigitPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is listed; an earlier choice gives way to it, and so does the last own picture, which is gone."""
    for name in ("first", "second"):
        Image.new("RGB", (60, 50), (200, 30, 90)).save(tmp_path / f"{name}.png")
    options, hold = tab.find(".pictures option"), Held(tab.digit_service, "hold", monkeypatch)
    tab.find(".pictures").select_option("Rocket")
    hold.gate.clear()
    tab.upload(tmp_path / "first.png")
    tab.desk.wait_until(lambda: len(hold.asked) == 1)
    tab.find(".pictures").select_option("Coffee")
    hold.gate.set()
    expect(options.last).to_have_text("first.png")
    expect(tab.find(".pictures option:checked")).to_have_text("Coffee")
    hold.gate.clear()
    tab.upload(tmp_path / "second.png")
    tab.desk.wait_until(lambda: len(hold.asked) == 2)
    tab.find(".pictures").select_option("first.png")
    hold.gate.set()
    expect(tab.find(".pictures option:checked")).to_have_text("second.png")
    expect(options).to_have_count(len(WHOLE) + 1)


def test_own_picture_leaves_that_of_the_effects_alone(tab: DigitPage, tmp_path: Path) -> None:
    Image.new("RGB", (60, 50), "orange").save(tmp_path / "digits.png")
    Image.open(EXAMPLE_FOLDER / "rocket.png").crop((0, 0, 90, 60)).save(tmp_path / "effects.png")
    tab.show("Effects")
    tab.desk.upload(tmp_path / "effects.png")
    tab.desk.wait("canvas.ariaLabel.startsWith('effects.png')")
    tab.show()
    tab.upload(tmp_path / "digits.png")
    expect(tab.find(".pictures option:checked")).to_have_text("digits.png")
    tab.show("Effects")
    tab.desk.change(0.77)
    tab.desk.wait_exact(0.77)


def test_closing_the_page_frees_the_picture(
    tab: DigitPage, new_page: Callable[..., DigitPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_page().open()
    strip, sessions, own = Held(tab.digits, "strip", monkeypatch), {}, tab.digit_service.own
    monkeypatch.setattr(
        tab.digit_service, "own", lambda *asked: sessions.update({asked[0]: asked[2]}) or own(*asked)
    )
    Image.new("RGB", (60, 50), "orange").save(tmp_path / "mine.png")
    tab.upload(tmp_path / "mine.png")
    tab.wait("data.state === 'exact' && data.opened === '2'")
    token = strip.asked[-1][1].token
    session = sessions[token]
    assert tab.digit_service.service.picture(token, session).name == "mine.png"
    tab.page.close()

    def is_freed() -> bool:
        try:
            tab.digit_service.service.picture(token, session)
        except RenderServiceError:
            return session.ended
        return False

    other.desk.wait_until(is_freed)


# Drawing


def drawn_ink(draw: Held) -> torch.Tensor:
    return draw.asked[-1][0]


def test_drawn_digit_is_read_by_all_three(tab: DigitPage, monkeypatch: pytest.MonkeyPatch) -> None:
    compose = Held(tab.digits, "compose", monkeypatch)
    expect(tab.find(".hint")).to_be_visible()
    tab.find(".drawn input").fill("#ff8000")
    tab.find(".strength input").fill("0")
    tab.stroke((60, 60), (60, 220), (90, 220))
    expect(tab.find(".hint")).to_be_hidden()
    tab.wait("data.readings > 0")
    tab.desk.wait_quiet()
    ink, colour, own = compose.asked[-1]
    assert colour == (255, 128, 0)
    image = tab.digits.compose(ink, colour, own)
    probabilities = tab.digits.drawn("dann", image)
    tab.set(0.3)
    groups = tab.find(".reading")
    expect(groups.nth(1).locator("h4")).to_have_text("blend at 0.30")
    for group, number in zip((0, 1, 2), (0, 6, 20), strict=True):
        shares = (probabilities[number] * 255).round() / 255
        expect(groups.nth(group).locator("em")).to_have_text([f"{100 * share:.0f} %" for share in shares])
        assert groups.nth(group).locator(".winner span").text_content() == str(int(shares.argmax()))
    seen = tab.canvas("canvas.composed")
    np.testing.assert_array_equal(seen, image.permute(1, 2, 0).numpy())
    tab.find(".clear").click()
    expect(tab.find(".hint")).to_be_visible()
    expect(groups.nth(0).locator("em")).to_have_text([""] * 10)


def test_ink_is_scaled_and_centred_as_in_mnist(tab: DigitPage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_read_while_drawn(tab)
    compose = Held(tab.digits, "compose", monkeypatch)
    inks = []
    for left, top, size in ((20, 20, 60), (90, 60, 120)):
        tab.find(".clear").click()
        tab.stroke((left, top), (left, top + size), (left + size / 2, top + size))
        tab.desk.wait_quiet()
        inks.append(drawn_ink(compose))
    for ink in inks:
        rows, columns = (torch.nonzero(ink.amax(dim=1 - axis) > 0.1)[:, 0] for axis in (0, 1))
        assert max(len(rows), len(columns)) == 20
        at = torch.arange(28) + 0.5
        for axis in (0, 1):
            assert float((ink.sum(dim=1 - axis) * at).sum() / ink.sum()) == pytest.approx(14, abs=0.6)
    thick, thin = (float(ink.sum()) for ink in inks)
    assert thick > thin  # the same pen, enlarged more


def assert_read_while_drawn(tab: DigitPage) -> None:
    """Predictions come before the stroke ends."""
    tab.find(".pad").scroll_into_view_if_needed()
    box = tab.find(".pad").bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + 60, box["y"] + 60)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 60, box["y"] + 150, steps=5)
    tab.wait("data.readings > 0")  # the button is still down
    before = int(tab.page.evaluate("document.querySelector('.dni-digits').dataset.readings"))
    tab.page.mouse.move(box["x"] + 160, box["y"] + 150, steps=5)
    tab.wait("data.readings > given", before)
    tab.page.mouse.up()


def test_finger_draws_and_does_not_scroll(new_page: Callable[..., DigitPage]) -> None:
    page = new_page(**PHONE).open()
    page.find(".pad").scroll_into_view_if_needed()
    scrolled = page.page.evaluate("window.scrollY")
    box = page.find(".pad").bounding_box()
    assert box is not None
    touch(page.page, *between((box["x"] + 80, box["y"] + 150), (box["x"] + 80, box["y"] + 40)))
    page.wait("data.readings > 0")
    assert page.page.evaluate("window.scrollY") == scrolled


# Feature map and training


def test_feature_map_and_training_follow_their_sliders(
    tab: DigitPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Held(tab.digits, "dann_run", monkeypatch)
    tab.find(".features canvas").scroll_into_view_if_needed()
    tab.page.wait_for_timeout(DRAWN)
    before = tab.canvas(".features canvas")
    tab.set(0.9)
    tab.wait_exact(0.9)
    moved = tab.canvas(".features canvas")
    assert (moved != before).any()
    expect(tab.find(".colouring .legend li")).to_have_text(["MNIST", "MNIST-M"])
    tab.page.get_by_label("by class").check()
    expect(tab.find(".colouring .legend li")).to_have_count(12)
    tab.page.wait_for_timeout(DRAWN)
    assert (tab.canvas(".features canvas") != moved).any()
    assert run.asked == []
    tab.find("summary").click()
    tab.wait("document.querySelector('.dni-digits .run').dataset.there === given", str(len(SNAPSHOTS)))
    values = tab.find(".run .legend b")
    expect(values).to_have_text(["0.20", "0.40", "0.60", "0.40", "0.00"])
    tab.page.wait_for_timeout(DRAWN)
    before = tab.canvas(".run canvas.map")
    tab.find(".run .progress input").fill("0.5")
    expect(tab.find(".run .progress output")).to_have_text("iteration 1,000")
    expect(values).to_have_text(["0.30", "0.50", "0.70", "0.45", "0.10"])
    tab.page.wait_for_timeout(DRAWN)
    assert (tab.canvas(".run canvas.map") != before).any()
    tab.find("summary").click()
    tab.find("summary").click()
    assert len(run.asked) == 1


# Looks


def test_nothing_moves_while_the_slider_does(tab: DigitPage) -> None:
    still = ".dni-digits button, .dni-digits input, .dni-digits .badge, .dni-digits canvas, .scores span"
    where = (
        f"[...document.querySelectorAll('{still}')].filter((one) => !one.closest('details:not([open])'))"
        ".map((one) => JSON.stringify(one.getBoundingClientRect()))"
    )
    before = tab.page.evaluate(where)
    tab.page.evaluate(SHOW_READOUT, "alpha 0.50, read in 88888 ms on a busy computer")
    assert tab.page.evaluate(where) == before
    for alpha in (0.0, 0.13, 1.0):
        tab.set(alpha)
        assert tab.page.evaluate(where) == before
        tab.wait_exact(alpha)
        assert tab.page.evaluate(where) == before


@pytest.mark.parametrize("options", [PHONE, {"viewport": {"width": 1280, "height": 900}}])
def test_nothing_is_cropped(new_page: Callable[..., DigitPage], options: dict[str, Any]) -> None:
    page = new_page(**options).open()
    page.find("summary").click()
    page.stroke((60, 60), (60, 220))
    page.wait("data.readings > 0")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
    assert page.page.evaluate(CROPPED, TEXTS) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_readable(new_page: Callable[..., DigitPage], theme: str) -> None:
    page = new_page().open(f"?__theme={theme}")
    page.find("summary").click()
    assert_readable(page.page, TEXTS)
    assert (luminance(page.find(".panel").first.evaluate(COLOURS)[1]) < 0.2) == (theme == "dark")


def test_two_components_share_a_page(tab: DigitPage) -> None:
    markup = (WEB / "adaptation/adaptation.html").read_text(encoding="utf-8")
    ddc = {"id": "ddc", "title": "DDC", "group": "one", "about": "About.", "paper": ""}
    start = {"method": "ddc", "methods": [ddc], "token": EXAMPLE, "pictures": [[EXAMPLE, "Coffee"]]}
    tab.page.evaluate(MOUNT_ANOTHER, [url_of("adaptation/adaptation.js"), markup, start])
    other = tab.page.locator("#another")
    expect(other.locator(".message")).to_have_text("This is the other one.")
    other.locator("input.alpha").fill("0.9")
    other.get_by_label("by class").check()
    expect(other.locator(".readout")).to_contain_text("alpha 0.90")
    expect(other.locator(".badge")).to_have_text("failed")
    expect(tab.find(".readout").first).to_contain_text("alpha 0.50")
    expect(tab.find(".badge").first).to_have_text("exact")
    expect(tab.find(".message").first).to_be_hidden()
    expect(tab.page.get_by_label("by domain").first).to_be_checked()
