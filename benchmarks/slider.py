"""Slider to pixels in a real browser: before and after the keyframes are there.

Starts the app itself; needs Playwright and Chromium (``pip install -e '.[test]'``).
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.table import median, p95, save_table
from dni.serving.studio import Studio
from dni.ui import build_app, launch_options
from dni.ui.start import default_studio

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
NETWORK_RUNS = 30
# Between a frame and the next move, as a hand does it.
PAUSE_MS = (100, 300)
# What may come to the network's time.
ALLOWED_MS = 40
NOTE = """Browser and server share this machine. A move ends when the canvas has drawn that alpha. The target
for a move to where no keyframes are is the network's time and 40 ms in the median, and twice that in the
95th percentile; the last column holds both as fractions of it. Pictures are noise, JPEG's worst case."""

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
# The same where no keyframes are: frames that arrive a second.
LIVE_DRAG = DRAG.replace("state !== 'waiting' && now !== last", "canvas.dataset.frames !== last").replace(
    "last = now", "last = canvas.dataset.frames"
)


def wait_for_keyframes(page: Page) -> None:
    page.wait_for_function(
        "document.querySelector('#viewer canvas').dataset.missing === '0'", timeout=120_000
    )


def upload(page: Page, file: Path, *, complete: bool = True) -> tuple[float, float]:
    """Milliseconds from handing the picture over to its first frame, and to all keyframes if wanted."""
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
    if complete:
        wait_for_keyframes(page)
    return first * 1000, (time.perf_counter() - started) * 1000


def noise(folder: Path, index: int) -> Path:
    """A picture that nobody has a frame of: 120x120, so 480x480 enlarged."""
    path = folder / f"noise{index}.png"
    Image.effect_noise((SIDE, SIDE), 50 + index).convert("RGB").save(path)
    return path


def network_time(studio: Studio) -> float:
    """The median of milliseconds from a new alpha to pixels in this process, with nobody else there."""
    renderer, rgb = studio.renderer(next(iter(studio.catalog))), torch.randint(0, 256, (3, SIDE, SIDE))
    times = []
    for index in range(NETWORK_RUNS):
        alpha = (index + 1) / (NETWORK_RUNS + 1)
        started = time.perf_counter()
        renderer.render_region(rgb.byte(), (1 - alpha, alpha), left=0, top=0, width=SIDE, height=SIDE)
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def fresh_moves(page: Page, folder: Path, pictures: int) -> tuple[list[float], float]:
    """Times of moves to where no frame is, three on each new picture; and new frames a second in a drag."""
    pause, times, rates = random.Random(0), [], []
    for index in range(pictures):
        upload(page, noise(folder, index + 1), complete=False)
        for place in (0.35, 0.65, 0.33):  # between the keyframes that come last
            page.wait_for_timeout(pause.uniform(*PAUSE_MS))
            times.append(page.evaluate(MOVE, [round(place + 0.01 * (index % 3), 2), ["exact"]]))
        if index % 4 == 0:
            upload(page, noise(folder, index + 1 + pictures), complete=False)
            rates.append(page.evaluate(LIVE_DRAG))
    return times, median(rates)


def row(name: str, times: Sequence[float], *rest: str) -> list[str]:
    return [name, f"{median(times):.0f}", f"{p95(times):.0f}", *rest, *[""] * (2 - len(rest))]


def measure(page: Page, folder: Path, network: float, pictures: int) -> list[list[str]]:
    """All rows of the table but the first."""
    first, every = upload(page, noise(folder, 0))
    there = [page.evaluate(MOVE, [round(0.013 + 0.0159 * i, 2), ["preview", "exact"]]) for i in range(MOVES)]
    dragging = page.evaluate(DRAG)
    rested = [page.evaluate(MOVE, [round(0.021 + 0.0313 * i, 2), ["exact"]]) for i in range(MOVES // 2)]
    wait_for_keyframes(page)
    live, rate = fresh_moves(page, folder, pictures)
    target = network + ALLOWED_MS
    ratio = f"{median(live) / target:.2f} and {p95(live) / (2 * target):.2f}"
    return [
        ["upload to the first frame", f"{first:.0f}", "", "", ""],
        ["upload to all keyframes", f"{every:.0f}", "", "", ""],
        row("keyframes there: slider to preview", there),
        ["keyframes there: dragging", "", "", f"{dragging:.0f}", ""],
        row("at rest: slider to exact (150 ms of it waiting)", rested),
        row("keyframes not there: slider to that alpha's pixels", live, "", ratio),
        ["keyframes not there: dragging", "", "", f"{rate:.0f}", ""],
        ["the network alone: new alpha to pixels", f"{network:.0f}", "", "", ""],
    ]


def main() -> None:
    """Start the app, drive it, save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pictures", type=int, default=16, help="new pictures for the moves before keyframes"
    )
    pictures = parser.parse_args().pictures
    studio = default_studio()
    app = build_app(studio)
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
            ["opening the page to the first frame", f"{opened:.0f}", "", "", ""],
            *measure(page, Path(folder), network_time(studio), pictures),
        ]
        browser.close()
    app.close()
    columns = ("bundled pair, 480x480 output", "median, ms", "p95, ms", "frames/s", "of the target")
    save_table("slider", "Slider to pixels", columns, rows, NOTE)


if __name__ == "__main__":
    main()
