"""How a page looks and is touched: cropped elements, contrast, fingers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from playwright.sync_api import Page

__all__ = ["COLOURS", "CROPPED", "PHONE", "assert_readable", "between", "luminance", "touch"]

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
# The text and what is behind it, as the eye gets it: [foreground, background] as [r, g, b].
COLOURS = """(element) => {
    // A mixed colour is given as "color(srgb 0.9 0.9 1)".
    const read = (text) => {
        const [r, g, b, ...rest] = (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
        const unit = text.startsWith('color(srgb') ? 255 : 1;
        return [unit * r, unit * g, unit * b, ...rest];
    };
    let behind = [];
    for (let at = element; at; at = at.parentElement) {
        const [r, g, b, opacity = 1] = read(getComputedStyle(at).backgroundColor);
        if (opacity > 0.95) { behind = [r, g, b]; break; }
    }
    return [read(getComputedStyle(element).color).slice(0, 3), behind];
}"""
# Elements whose content is cut off, or that stick out of the window.
CROPPED = """(selector) => [...document.querySelectorAll(selector)].filter((element) => {
    const box = element.getBoundingClientRect();
    if (!box.width) return false;
    const inline = getComputedStyle(element).display === 'inline';
    const cut = !inline && element.scrollWidth > element.clientWidth + 1;
    return cut || box.left < 0 || box.right > document.documentElement.clientWidth + 0.5;
}).map((element) => element.outerHTML.slice(0, 120))"""


def touch(page: Page, *frames: Sequence[tuple[float, float]]) -> None:
    """Fingers that go down at the first frame's points, move over the others, and go up."""
    session = page.context.new_cdp_session(page)
    for number, points in enumerate(frames):
        kind = "touchMove" if number else "touchStart"
        where = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def between(start: tuple[float, float], stop: tuple[float, float]) -> list[list[tuple[float, float]]]:
    return [
        [(start[0] + (stop[0] - start[0]) * n / 8, start[1] + (stop[1] - start[1]) * n / 8)] for n in range(9)
    ]


def luminance(colour: Sequence[float]) -> float:
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def assert_readable(page: Page, texts: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG AA)."""
    seen = page.locator(texts).evaluate_all(
        f"(all) => all.filter((one) => one.checkVisibility({{ visibilityProperty: true }}))"
        f".map((one) => [one.textContent, ...({COLOURS})(one)])"
    )
    assert len(seen) > 10
    for text, front, behind in seen:
        low, high = sorted((luminance(front), luminance(behind)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{text!r}: {front} on {behind}"
