"""The viewer's other hands: comparison, zoom, pan and touch; and how the page looks in narrow and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effects_page import DRAWN, Desk, decoded, difference, whole
from page_looks import COLOURS, CROPPED, PHONE, assert_readable, between, luminance, touch

from dni.blending.shares import Mix
from dni.examples import example_paths, suitable_examples
from dni.serving.sessions import Session

TEXTS = (
    "h1, .prose p, .dni-viewer button, .dni-viewer .end, .readout, .badge, .wipe, .caption-label, button.lg, "
    ".against, footer a, footer button"
)
# In a row that scrolls: some stick out of the window.
CARDS = ".dni-cards strong, .dni-cards .line, .dni-cards small"


@pytest.fixture
def cat(desk: Desk) -> Desk:
    desk.open(complete=False)
    desk.wait("canvas.dataset.before === 'there'")
    return desk


@pytest.fixture
def detailed(cat: Desk) -> Desk:
    """The page, all of it the comparison's side, since the tiny networks smear the details away."""
    cat.page.locator(".wipe input").fill("100")
    return cat


def middle(desk: Desk) -> tuple[float, float]:
    desk.page.locator("canvas").scroll_into_view_if_needed()
    box = desk.page.locator("canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# Comparison


def test_comparison_shows_bicubic_left_and_the_blend_right(cat: Desk) -> None:
    cat.actual_size()
    cat.page.locator(".wipe input").fill("50")
    picture = cat.example()
    subject, session = ("example-cat", "tiny", whole(picture)), Session()
    blend = decoded(cat.service.frame(*subject, Mix.of_alpha(0.5), session=session).jpeg)
    bicubic = decoded(cat.service.before(*subject, session=session))
    height, width, _ = blend.shape
    left, right = np.s_[: height - 40, : width // 2 - 12], np.s_[: height - 40, width // 2 + 12 :]
    cat.wait_until(lambda: difference(cat.picture(width, height)[left], bicubic[left]) < 0.5)
    assert difference(cat.picture(width, height)[right], blend[right]) < 0.5
    assert difference(bicubic, blend) > 1


def test_divider_is_dragged_on_the_canvas(cat: Desk) -> None:
    cat.page.locator(".wipe input").fill("50")
    x, y = middle(cat)
    cat.page.mouse.move(x, y)
    cat.wait("canvas.classList.contains('wiping')")
    cat.page.mouse.down()
    cat.page.mouse.move(x - 200, y, steps=4)
    cat.page.mouse.up()
    box = cat.page.locator("canvas").bounding_box()
    assert box is not None
    width = cat.example().width * 4 * cat.zoom / 100
    assert int(cat.page.locator(".wipe input").input_value()) == pytest.approx(50 - 100 * 200 / width, abs=1)
    cat.page.mouse.move(x, y)
    cat.wait("!canvas.classList.contains('wiping')")


# Zoom and pan


def test_wheel_zooms_about_the_pointer(detailed: Desk) -> None:
    detailed.actual_size()
    x, y = middle(detailed)
    before = detailed.canvas()
    detailed.page.mouse.move(x - 80, y - 40)  # the cat's eye
    detailed.page.mouse.wheel(0, -462.1)  # e to the power of 0.693: twice as large
    detailed.wait("document.querySelector('.zoom').textContent === '200 %'")
    height, width, _ = before.shape
    row, column = height // 2 - 40, width // 2 - 80
    large = detailed.canvas()[row - 40 : row + 40, column - 40 : column + 40]
    halved = large.reshape(40, 2, 40, 2, 3).mean(axis=(1, 3))
    assert difference(halved, before[row - 20 : row + 20, column - 20 : column + 20]) < 2
    assert difference(halved, before[row - 20 : row + 20, column - 15 : column + 25]) > 6


def test_zoom_by_buttons_keys_and_double_click(cat: Desk) -> None:
    box = cat.page.locator("canvas").bounding_box()
    assert box is not None
    fitting = min(box["width"] / (4 * 168), box["height"] / (4 * 112), 1.5)
    assert cat.zoom == pytest.approx(100 * fitting, abs=1)
    assert fitting > 1
    fitted = cat.zoom
    canvas = cat.page.locator("canvas")
    for act, zoom in (
        (lambda: cat.button("actual").click(), 100),
        (lambda: cat.button("in").click(), 125),
        (lambda: canvas.press("+"), 156),
        (lambda: cat.button("out").click(), 125),
        (lambda: canvas.press("-"), 100),
        (lambda: canvas.press("0"), fitted),
        (lambda: canvas.press("1"), 100),
        (lambda: cat.button("fit").click(), fitted),
    ):
        act()
        cat.wait("document.querySelector('.zoom').textContent === given", f"{zoom} %")

    for zoom in (100, fitted):
        cat.page.mouse.dblclick(*middle(cat))
        cat.wait("document.querySelector('.zoom').textContent === given", f"{zoom} %")


def shifted(before: np.ndarray, after: np.ndarray, x: int, y: int) -> float:
    """How far ``after`` is from ``before`` moved by (x, y), in the middle of the canvas."""
    height, width, _ = before.shape
    rows, columns = slice(height // 2 - 60, height // 2 + 60), slice(width // 2 - 60, width // 2 + 60)
    moved = after[rows.start + y : rows.stop + y, columns.start + x : columns.stop + x]
    return difference(moved, before[rows, columns])


def zoom_in(desk: Desk) -> None:
    desk.button("actual").click()
    for _ in range(4):
        desk.button("in").click()
    desk.wait("document.querySelector('.zoom').textContent === '244 %'")


def test_drag_and_arrows_pan_the_picture(detailed: Desk) -> None:
    zoom_in(detailed)
    before = detailed.canvas()
    x, y = middle(detailed)
    detailed.page.mouse.move(x, y)
    detailed.page.mouse.down()
    detailed.page.mouse.move(x + 40, y - 30, steps=4)
    detailed.page.mouse.up()
    detailed.wait_until(lambda: shifted(before, detailed.canvas(), 40, -30) < 2)
    assert shifted(before, detailed.canvas(), 0, 0) > 4
    before = detailed.canvas()
    detailed.page.locator("canvas").press("ArrowRight")
    detailed.wait_until(lambda: shifted(before, detailed.canvas(), -60, 0) < 2)


# Touch


def test_touch_drags_the_slider(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(**PHONE).open(complete=False)
    touch(desk.page, *between(desk.thumb_at(0.5), desk.thumb_at(0.8)))
    desk.wait_exact()
    desk.wait("Math.abs(Number(canvas.dataset.alpha) - 0.8) < 0.03")


def test_touch_holds_the_original_pinches_and_pans(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(**PHONE).open(complete=False)
    assert_held_by_touch(desk)
    fitted = desk.zoom
    x, y = middle(desk)
    touch(desk.page, *([(x - 20 - 10 * n, y), (x + 20 + 10 * n, y)] for n in range(5)))
    desk.wait("parseInt(document.querySelector('.zoom').textContent) > 2.9 * given", fitted)
    desk.page.locator(".wipe input").fill("100")
    desk.page.wait_for_timeout(DRAWN)
    before = desk.canvas()
    x, y = middle(desk)  # the page was scrolled to the slider of the comparison
    touch(desk.page, *between((x, y), (x + 40, y)))
    desk.wait_until(lambda: shifted(before, desk.canvas(), 40, 0) < 3)


def assert_held_by_touch(desk: Desk) -> None:
    desk.page.wait_for_timeout(DRAWN)
    box = desk.button("original").bounding_box()
    assert box is not None
    session = desk.page.context.new_cdp_session(desk.page)
    point = {"x": box["x"] + 9, "y": box["y"] + 9}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    desk.wait_state("original")
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    desk.wait_exact(0.5)


# Looks


@pytest.mark.parametrize("options", [PHONE, {"viewport": {"width": 1280, "height": 900}}])
def test_nothing_is_cropped(new_desk: Callable[..., Desk], options: dict[str, Any]) -> None:
    desk = new_desk(**options).open(complete=False)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
    assert desk.page.evaluate(CROPPED, TEXTS) == []
    titles = desk.page.locator("#examples .caption-label").all_text_contents()
    assert titles == [title for _, title in example_paths(suitable_examples([], 4))]
    grid = desk.page.locator("#examples").bounding_box()
    assert grid is not None
    assert grid["height"] < 320


def test_nothing_moves_while_the_slider_does(cat: Desk) -> None:
    still = ".dni-viewer button, .dni-viewer input, .badge, canvas"
    where = (
        f"[...document.querySelectorAll('{still}')].map((one) => JSON.stringify(one.getBoundingClientRect()))"
    )
    before = cat.page.evaluate(where)
    cat.page.evaluate("() => { document.querySelector('.readout').textContent = 'rendered in 8888 ms'; }")
    assert cat.page.evaluate(where) == before
    for state in ("rendering…", "not rendered", "original"):
        cat.page.evaluate("(text) => { document.querySelector('.badge').textContent = text; }", state)
        assert cat.page.evaluate(where) == before
        assert cat.page.evaluate(CROPPED, ".badge") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_readable(desk: Desk, theme: str) -> None:
    desk.open(f"?__theme={theme}", complete=False)
    assert_readable(desk.page, f"{TEXTS}, {CARDS}")
    dark = theme == "dark"
    assert (luminance(desk.page.locator(".dni-viewer .stage").evaluate(COLOURS)[1]) < 0.2) == dark


def test_what_is_seen_beside_the_live_part_is_rendered_at_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.service, "live_pixels", lambda pair_id, *, session: 3000)
    picture = desk.example()
    assert picture.width * picture.height > 4 * 3000
    desk.open()
    desk.actual_size()
    for alpha in (0.5, 0.8):
        desk.change(alpha)
        desk.wait_exact(alpha)
        jpeg = desk.service.render_frame(picture, "tiny", whole(picture), Mix.of_alpha(alpha)).jpeg
        fresh = decoded(jpeg)
        desk.wait_until(
            lambda fresh=fresh: difference(desk.picture(fresh.shape[1], fresh.shape[0]), fresh) < 1
        )
