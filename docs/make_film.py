"""Records ``docs/film.webp``: the app in a browser, while the slider moves and effects change.

Needs Playwright and Chromium, like the tests; nothing in it is drawn, every frame is a screenshot.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from benchmarks.browser import PATIENCE_MS, app_page

EFFECTS = ("Pencil", "Comic", "Neon", "Noise")
STEPS = 22
FRAME_MS = 90
WIDTH, HEIGHT = 1100, 700
SHOWN = (730, 465)
TARGET = Path(__file__).parent / "film.webp"


def shot(page: Page) -> Image.Image:
    picture = Image.open(io.BytesIO(page.screenshot(type="png"))).convert("RGB")
    return picture.resize(SHOWN, Image.Resampling.LANCZOS)


def wait_ready(page: Page) -> None:
    """Wait for the exact frame and all keyframes."""
    page.wait_for_function(
        "() => { const { state, missing } = document.querySelector('#viewer canvas').dataset;"
        " return state === 'exact' && missing === '0'; }",
        timeout=PATIENCE_MS,
    )


def film(page: Page) -> Iterator[Image.Image]:
    """Each effect in turn: from its first end to its second and back."""
    for name in EFFECTS:
        page.locator("#effects-cards button", has_text=name).first.click()
        page.wait_for_timeout(1000)
        wait_ready(page)
        slider = page.locator("#viewer input.alpha")
        for step in range(STEPS):
            alpha = (1 - math.cos(2 * math.pi * step / (STEPS - 1))) / 2
            slider.fill(f"{alpha:.2f}")
            page.wait_for_timeout(60)
            yield shot(page)


def main() -> None:
    with app_page(height=HEIGHT) as (page, address):
        page.emulate_media(reduced_motion="reduce")
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.wait_for_selector("#viewer canvas")
        wait_ready(page)
        frames = list(film(page))
    first, *others = frames
    first.save(TARGET, save_all=True, append_images=others, duration=FRAME_MS, loop=0, quality=62, method=4)


if __name__ == "__main__":
    main()
