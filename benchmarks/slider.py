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
from playwright.sync_api import Page

from benchmarks.browser import ALLOWED_MS, PATIENCE_MS, PAUSE_MS, app_page, noise
from benchmarks.table import median, p95, save_table
from dni.device import keep_freed_memory
from dni.pictures.rectangle import Rectangle
from dni.serving.render_service import RenderService
from dni.ui.start import default_service

SIDE = 120
MOVES = 60
NETWORK_RUNS = 30
NOTE = """Browser and server share this machine. A move ends when the canvas has drawn that alpha. The target
for a move to where no keyframes are is the network's time and 40 ms in the median, and twice that in the
95th percentile; the last column holds both as fractions of it. Pictures are noise, JPEG's worst case."""

# Sets the slider and resolves with the ms until that alpha is drawn on the canvas in one of the wanted
# states; with null, where it is to be fresh, if a preview of it was drawn before.
MOVE = """([alpha, states, fresh]) => new Promise((resolve) => {
  const canvas = document.querySelector('#viewer canvas');
  const slider = document.querySelector('#viewer input.alpha');
  const started = performance.now();
  let previewed = false;
  const look = () => {
    if (Number(canvas.dataset.alpha) !== alpha) return;
    previewed ||= canvas.dataset.state === 'preview';
    if (!states.includes(canvas.dataset.state)) return;
    watch.disconnect();
    resolve(fresh && previewed ? null : performance.now() - started);
  };
  // Written in the callback that draws.
  const watch = new MutationObserver(look);
  watch.observe(canvas, { attributes: true, attributeFilter: ['data-alpha', 'data-state'] });
  slider.value = alpha;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
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
        "document.querySelector('#viewer canvas').dataset.missing === '0'", timeout=PATIENCE_MS
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
        timeout=PATIENCE_MS,
    )
    first = time.perf_counter() - started
    if complete:
        wait_for_keyframes(page)
    return first * 1000, (time.perf_counter() - started) * 1000


def noise_file(folder: Path, index: int) -> Path:
    """120x120, so 480x480 enlarged."""
    return noise(folder, index, width=SIDE, height=SIDE)


def network_time(service: RenderService) -> float:
    """The median of milliseconds from a new alpha to pixels in this process, with nobody else there."""
    renderer, rgb = service.renderer(next(iter(service.catalog))), torch.randint(0, 256, (3, SIDE, SIDE))
    times = []
    for index in range(NETWORK_RUNS):
        alpha = (index + 1) / (NETWORK_RUNS + 1)
        started = time.perf_counter()
        renderer.render_region(rgb.byte(), (1 - alpha, alpha), Rectangle.whole(SIDE, SIDE))
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def fresh_moves(page: Page, folder: Path, pictures: int) -> tuple[list[float], float]:
    """Times of moves to where no frame is, up to three on each new picture; new frames a second in a drag."""
    pause, rates = random.Random(0), []
    times: list[float | None] = []
    for index in range(pictures):
        upload(page, noise_file(folder, index + 1), complete=False)
        for place in (0.35, 0.65, 0.33):  # between the keyframes that come last
            page.wait_for_timeout(pause.uniform(*PAUSE_MS))
            times.append(page.evaluate(MOVE, [round(place + 0.01 * (index % 3), 2), ["exact"], True]))
        if index % 4 == 0:
            upload(page, noise_file(folder, index + 1 + pictures), complete=False)
            rates.append(page.evaluate(LIVE_DRAG))
    return [taken for taken in times if taken is not None], median(rates)


def row(name: str, times: Sequence[float], *rest: str) -> list[str]:
    return [name, f"{median(times):.0f}", f"{p95(times):.0f}", *rest, *[""] * (2 - len(rest))]


def measure(page: Page, folder: Path, network: float, pictures: int) -> list[list[str]]:
    """All rows of the table but the first."""
    first, every = upload(page, noise_file(folder, 0))
    there = [
        page.evaluate(MOVE, [round(0.013 + 0.0159 * i, 2), ["preview", "exact"], False]) for i in range(MOVES)
    ]
    dragging = page.evaluate(DRAG)
    rested = [
        page.evaluate(MOVE, [round(0.021 + 0.0313 * i, 2), ["exact"], False]) for i in range(MOVES // 2)
    ]
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
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pictures", type=int, default=16, help="new pictures for the moves before keyframes"
    )
    pictures = parser.parse_args().pictures
    service = default_service()
    with tempfile.TemporaryDirectory() as folder, app_page(service) as (page, address):
        started = time.perf_counter()
        page.goto(address)
        page.wait_for_selector("#viewer canvas[data-state=exact]", timeout=PATIENCE_MS)
        opened = (time.perf_counter() - started) * 1000
        wait_for_keyframes(page)
        rows = [
            ["opening the page to the first frame", f"{opened:.0f}", "", "", ""],
            *measure(page, Path(folder), network_time(service), pictures),
        ]
    columns = ("bundled pair, 480x480 output", "median, ms", "p95, ms", "frames/s", "of the target")
    save_table("slider", "Slider to pixels", columns, rows, NOTE)


if __name__ == "__main__":
    main()
