"""The Adaptation tab in a real browser: how fast walls, drawing and exact answers follow the hand.

Starts the app itself; needs Playwright and Chromium (``pip install -e '.[test]'``).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.browser import app_page
from benchmarks.table import median, p95, save_table
from dni.device import keep_freed_memory

MOVES = 30
LOCATE = "const desk = document.querySelector('.dni-digits');"

# Sets the slider and resolves with the ms until the walls are drawn at that alpha in one of the states.
MOVE = f"""([alpha, states]) => new Promise((resolve) => {{
  {LOCATE}
  const slider = desk.querySelector('input.alpha');
  const started = performance.now();
  slider.value = alpha;
  slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
  const look = () => Number(desk.dataset.alpha) === alpha && states.includes(desk.dataset.state)
    ? resolve(performance.now() - started) : requestAnimationFrame(look);
  requestAnimationFrame(look);
}})"""
# Moves a slider (as many ways as steps) every animation frame for 2 s: by how much a counter grows a second.
DRAG = f"""([selector, counter, low, high, digits]) => new Promise((resolve) => {{
  {LOCATE}
  const slider = desk.querySelector(selector);
  const started = performance.now(), before = Number(desk.dataset[counter] ?? 0);
  const step = () => {{
    const passed = performance.now() - started;
    if (passed > 2000) {{ resolve((Number(desk.dataset[counter]) - before) / 2); return; }}
    slider.value = ((low + high) / 2 + (high - low) / 2 * Math.sin(passed / 300)).toFixed(digits);
    slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
    requestAnimationFrame(step);
  }};
  requestAnimationFrame(step);
}})"""
# Draws a circle for 2 s; the predictions a second.
STROKE = f"""() => new Promise((resolve) => {{
  {LOCATE}
  const pad = desk.querySelector('.pad'), box = pad.getBoundingClientRect();
  pad.setPointerCapture = () => {{}};
  const send = (kind, angle) => pad.dispatchEvent(new PointerEvent(kind, {{
    bubbles: true, pointerId: 1, pointerType: 'mouse', button: kind === 'pointermove' ? -1 : 0,
    clientX: box.left + box.width * (0.5 + 0.3 * Math.cos(angle)),
    clientY: box.top + box.height * (0.5 + 0.3 * Math.sin(angle)),
  }}));
  const started = performance.now(), before = Number(desk.dataset.readings ?? 0);
  send('pointerdown', 0);
  const step = () => {{
    const passed = performance.now() - started;
    send(passed > 2000 ? 'pointerup' : 'pointermove', passed / 330);
    if (passed > 2000) resolve((Number(desk.dataset.readings) - before) / 2);
    else requestAnimationFrame(step);
  }};
  requestAnimationFrame(step);
}})"""
# How long the networks took for the exact answer on screen.
EXACT_MS = (
    f"() => {{ {LOCATE} return parseInt(desk.querySelector('.readout').textContent.split('exact in ')[1]); }}"
)


def open_tab(page: Page, address: str) -> list[list[str]]:
    """Go to the tab as the first person of the process does."""
    page.goto(address)
    page.wait_for_selector("#viewer canvas[data-state=exact]", timeout=120_000)
    page.wait_for_function(
        "document.querySelector('#viewer canvas').dataset.missing === '0'", timeout=120_000
    )
    started = time.perf_counter()
    page.get_by_role("tab", name="Adaptation").click()
    page.wait_for_selector(".dni-digits[data-opened]", timeout=120_000)
    walls = time.perf_counter() - started
    page.wait_for_selector(".dni-digits[data-state=exact]", timeout=120_000)
    exact = time.perf_counter() - started
    page.wait_for_selector(".dni-digits[data-curve]", timeout=120_000)
    curve = time.perf_counter() - started
    return [
        ["first opening of the tab in a process, to the walls", f"{walls * 1000:.0f}", "", ""],
        ["... to the exact answer", f"{exact * 1000:.0f}", "", ""],
        ["... to the accuracies along alpha", f"{curve * 1000:.0f}", "", ""],
    ]


def look_at(page: Page, selector: str) -> None:
    page.locator(f".dni-digits {selector}").first.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)


def dragging(page: Page, selector: str) -> str:
    """Updates a second while the thumb moves, with this part of the page in view."""
    look_at(page, selector)
    return f"{page.evaluate(DRAG, ['input.alpha', 'updates', 0.01, 0.99, 2]):.0f}"


def measure(page: Page) -> list[list[str]]:
    def row(name: str, times: list[float]) -> list[str]:
        return [name, f"{median(times):.0f}", f"{p95(times):.0f}", ""]

    look_at(page, ".wall")
    previews = [page.evaluate(MOVE, [round(0.013 + 0.03 * i, 2), ["preview", "exact"]]) for i in range(MOVES)]
    rows = [row("slider to walls", previews)]
    rested: list[float] = []
    server: list[float] = []
    for index in range(MOVES):
        rested.append(page.evaluate(MOVE, [round(0.021 + 0.0313 * index, 2), ["exact"]]))
        server.append(page.evaluate(EXACT_MS))
    rows.append(row("at rest: slider to exact (150 ms of it waiting)", rested))
    rows.append(row("... of it the networks (160 digits, map, 4000 held-out digits)", server))
    page.set_viewport_size({"width": 1280, "height": 1400})
    for name, selector in (
        ("all four walls", ".wall:nth-child(3)"), ("feature map", ".features canvas")
    ):  # fmt: skip
        rows.append([f"dragging, {name} in view", "", "", dragging(page, selector)])
    look_at(page, ".shift")
    rows.append(["drawing a digit: predictions", "", "", f"{page.evaluate(STROKE):.0f}"])
    strength: list[Any] = [".strength input", "opened", 5, 95, 0]
    rows.append(["dragging the strength: new walls", "", "", f"{page.evaluate(DRAG, strength):.0f}"])
    return rows


def main() -> None:
    """Start the app, drive it, save the table."""
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, help="Folder with MNIST/raw and bsds500.")
    arguments = parser.parse_args()
    with app_page(data_root=arguments.data_root) as (page, address):
        rows = open_tab(page, address) + measure(page)
    columns = ("Adaptation tab, 160 digits on four walls", "median, ms", "p95, ms", "a second")
    note = (
        "Browser and server share this machine. An update has redrawn all that is in view: every digit's "
        "answer, its confidence and mark, accuracies, chart, map and bars."
    )
    save_table("wall", "Slider to walls", columns, rows, note)


if __name__ == "__main__":
    main()
