"""What the measurements in a real browser share: the app in Chromium, and new pictures.

Needs Playwright and Chromium (``pip install -e '.[test]'``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from dni.serving.render_service import RenderService

__all__ = ["ALLOWED_MS", "CHROMIUM", "FLAGS", "PATIENCE_MS", "PAUSE_MS", "app_page", "noise"]

# The headless shell opens a page with 60 % of the processor time: it has no window around it.
BROWSERS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next((path for path in BROWSERS if path.exists()), BROWSERS[-1])
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORT = {"width": 1280, "height": 900}
# Longer than anything should take, so that what is slow is measured and not cut off.
PATIENCE_MS = 120_000
# Between a frame and the next move, as a hand does it.
PAUSE_MS = (100, 300)
# What may come to the network's time until its pixels are on screen.
ALLOWED_MS = 40


@contextmanager
def app_page(
    service: RenderService | None = None, *, data_root: Path | None = None, height: int = VIEWPORT["height"]
) -> Iterator[tuple[Page, str]]:
    """The app, started, and an empty page in Chromium; both end with the block.

    Args:
        service: Pairs and pictures; by default the catalogue.
        data_root: The folder with ``MNIST/raw``, for the Adaptation tab.
        height: Of the page, in pixels.

    Yields:
        The page, and the app's address.
    """
    from dni.ui import build_app, launch_options  # slow to import, and some only want the browser

    app = build_app(service, data_root)
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport={"width": VIEWPORT["width"], "height": height}), address
        browser.close()
    app.close()


def noise(folder: Path, index: int, *, width: int, height: int) -> Path:
    """The file of a picture of noise, another one for every index."""
    path = folder / f"noise{index}.png"
    Image.effect_noise((width, height), 50 + index).convert("RGB").save(path)
    return path
