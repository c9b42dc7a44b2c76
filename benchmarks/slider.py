"""Slider to pixels in a real browser: before and after the keyframes are there.

Starts the app itself; needs Playwright and Chromium (``pip install -e '.[test]'``).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.table import median, p95, save_table
from dni.ui import build_app, launch_options

CHROMIUM = "/usr/bin/chromium"
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
SIDE = 120
MOVES = 60

# Sets the slider and resolves with the ms until the canvas shows that alpha in one of the wanted states.
MOVE = """([alpha, states]) => new Promise((resolve) => {
  const canvas = document.querySelector('#viewer canvas');
  const slider = document.querySelector('#viewer input.alpha');
  const started = performance.now();
  slider.value = alpha;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  const look = () => Number(canvas.dataset.alpha) === alpha && states.includes(canvas.dataset.state)
    ? resolve(performance.now() - started) : requestAnimationFrame(look);
  requestAnimationFrame(look);
})"""
# Moves the slider every animation frame for 2 s; the number of different alphas shown a second.
DRAG = """() => new Promise((resolve) => {
  const canvas = document.querySelector('#viewer canvas');
  const slider = document.querySelector('#viewer input.alpha');
  const started = performance.now();
  let shown = 0, last = '';
  const step = () => {
    const passed = performance.now() - started;
    const state = canvas.dataset.state, now = canvas.dataset.alpha;
    if (state !== 'waiting' && now !== last) { shown += 1; last = now; }
    if (passed > 2000) { resolve(shown / 2); return; }
    slider.value = 0.5 + 0.49 * Math.sin(passed / 300);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def wait_for_keyframes(page: Page) -> None:
    page.wait_for_function(
        "document.querySelector('#viewer canvas').dataset.missing === '0'", timeout=120_000
    )


def upload(page: Page, file: Path) -> tuple[float, float]:
    """Milliseconds from handing the picture over to its first frame, and to all keyframes."""
    frames = "document.querySelector('#viewer canvas').dataset"
    name = page.evaluate("document.querySelector('#viewer canvas').getAttribute('aria-label')")
    started = time.perf_counter()
    page.set_input_files("#own-picture input[type=file]", str(file))
    page.wait_for_function(
        f"{frames}.state === 'exact' && "
        f"document.querySelector('#viewer canvas').getAttribute('aria-label') !== {name!r}",
        timeout=120_000,
    )
    first = time.perf_counter() - started
    wait_for_keyframes(page)
    return first * 1000, (time.perf_counter() - started) * 1000


def measure(page: Page, folder: Path) -> list[list[str]]:
    """All rows of the table, on a picture of 120x120 (480x480 enlarged)."""
    rows = []
    noise = Image.effect_noise((SIDE, SIDE), 60).convert("RGB")
    noise.save(folder / "noise.png")
    first, every = upload(page, folder / "noise.png")
    rows.append(["upload to the first frame", f"{first:.0f}", "", ""])
    rows.append(["upload to all keyframes", f"{every:.0f}", "", ""])
    there = [page.evaluate(MOVE, [round(0.013 + 0.0159 * i, 2), ["preview", "exact"]]) for i in range(MOVES)]
    rows.append(["keyframes there: slider to preview", f"{median(there):.0f}", f"{p95(there):.0f}", ""])
    rows.append(["keyframes there: dragging", "", "", f"{page.evaluate(DRAG):.0f}"])
    rested = [page.evaluate(MOVE, [round(0.021 + 0.0313 * i, 2), ["exact"]]) for i in range(MOVES // 2)]
    rows.append(
        ["at rest: slider to exact (150 ms of it waiting)", f"{median(rested):.0f}", f"{p95(rested):.0f}", ""]
    )
    live = []
    for index in range(12):  # a new picture each time, moved at once, before its keyframes can be there
        Image.effect_noise((SIDE, SIDE), 50 + index).convert("RGB").save(folder / f"noise{index}.png")
        label = page.evaluate("document.querySelector('#viewer canvas').getAttribute('aria-label')")
        page.set_input_files("#own-picture input[type=file]", str(folder / f"noise{index}.png"))
        page.wait_for_function(
            f"document.querySelector('#viewer canvas').getAttribute('aria-label') !== {label!r}"
        )
        live.append(page.evaluate(MOVE, [round(0.23 + 0.01 * index, 2), ["exact"]]))
        wait_for_keyframes(page)
    rows.append(["keyframes not there: slider to exact", f"{median(live):.0f}", f"{p95(live):.0f}", ""])
    return rows


def main() -> None:
    """Start the app, drive it, save the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    app = build_app()
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        started = time.perf_counter()
        page.goto(address)
        page.wait_for_selector("#viewer canvas[data-state=exact]", timeout=120_000)
        opened = (time.perf_counter() - started) * 1000
        wait_for_keyframes(page)
        rows = [
            ["opening the page to the first frame", f"{opened:.0f}", "", ""],
            *measure(page, Path(folder)),
        ]
        browser.close()
    app.close()
    columns = ("bundled pair, 480x480 output", "median, ms", "p95, ms", "frames/s")
    note = "Browser and server share this machine. A move ends when the canvas has drawn that alpha."
    save_table("slider", "Slider to pixels", columns, rows, note)


if __name__ == "__main__":
    main()
