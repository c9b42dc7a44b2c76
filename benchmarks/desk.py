"""The mixing desk, item by item, against one slider: in this process, and in a real browser.

Starts the app itself; needs Playwright and Chromium (``pip install -e '.[test]'``).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.browser import ALLOWED_MS, app_page
from benchmarks.desk_hands import Shown, shown_by_hand
from benchmarks.desk_items import HEIGHT, ONE_SLIDER, WIDTH, Item, all_items
from benchmarks.ladders import ladder_service
from benchmarks.table import median, p95, save_table
from dni.benchmarking import alternate, median_of, ratio_of
from dni.benchmarking.clock import Times
from dni.device import keep_freed_memory

COLUMNS = (
    "item",
    "median, ms",
    "p95, ms",
    "against one slider",
    "what the issue asks",
    "reached",
    "how",
)
# A frame of the screen; and how long a hand rests before the exact frame is asked for.
SCREEN_MS, SETTLE_MS = 16, 150
PAGE_HEIGHT = 1400
NOTE = f"""{WIDTH}x{HEIGHT} input. In this process: a photograph, medians of {{rounds}} rounds in which all
take their turn; "against one slider" is the median over the rounds. Every mix is new, and a frame
goes through the functions that the page calls: its turn, set, run, to pixels, JPEG of quality 95.
Ends beyond two are blends of the pair at equal distances. A mask of K steps may take K + 1 passes
over what is painted, with the surroundings that the network reads, and one elsewhere.

In the browser: {{moves}} moves a row; where frames are missing, up to two on each of {{pictures}}
new ones of noise, JPEG's worst case. Browser and server share this machine. A move ends when the
canvas has drawn its mix. Asked are {SCREEN_MS} ms where the frames around the mix are there, else
the item's time in this process and {ALLOWED_MS} ms; at rest {SETTLE_MS} ms of waiting more; and at
most twice that in the 95th percentile. A dab of the brush is a disc like that of "mask: soft disc"."""
# What a hand touches: the item that the server then computes.
ITEMS = {"slider": ONE_SLIDER, "triangle": "triangle", "square": "square", "layers": "layers"}
PAINTED = "mask: soft disc"


def item_row(item: Item, times: Times) -> list[str]:
    """One item in this process."""
    own = [milliseconds / item.parts for milliseconds in times[item.name]]
    ratio = ratio_of(times, item.name, ONE_SLIDER) / item.parts
    how = item.how if item.work is None else f"{item.how}; a pass takes {ratio / item.work:.2f} of one slider"
    reached = "" if item.most is None else said(ratio <= item.most)
    return [item.name, f"{median(own):.1f}", f"{p95(own):.1f}", f"{ratio:.2f}", item.asked, reached, how]


def said(reached: bool) -> str:
    return "yes" if reached else "no"


def hand_rows(shown: Mapping[str, Shown], times: Times) -> Iterator[list[str]]:
    """What was seen in the browser: first where frames are there, then at rest, then where they are not."""
    slider = shown["slider"]
    for what, name in ITEMS.items():
        one, network = shown[what], median_of(times, name)
        if one.preview:
            yield hand_row(f"{what}, frames there: to the preview", one.preview, slider.preview, SCREEN_MS)
            rest = SETTLE_MS + network + ALLOWED_MS
            yield hand_row(f"{what}, at rest: to the exact frame", one.exact, slider.exact, rest)
        title = f"{what}, frames not there: to that mix"
        yield hand_row(title, one.missing, slider.missing, network + ALLOWED_MS)
    brush, rest = shown["brush"], SETTLE_MS + median_of(times, PAINTED) + ALLOWED_MS
    yield hand_row("brush, frames there: to the preview", brush.preview, slider.preview, SCREEN_MS)
    yield hand_row("brush, at rest: to the exact picture", brush.exact, slider.exact, rest)


def hand_row(name: str, times: Sequence[float], slider: Sequence[float], target: float) -> list[str]:
    """One thing that a hand does, in the browser."""
    if min(len(times), len(slider)) < 2:
        return [name, *[""] * (len(COLUMNS) - 2), "browser, seen less than twice"]
    middle, late = median(times), p95(times)
    asked = f"{target:.0f} ms, p95 {2 * target:.0f} ms"
    reached = said(middle <= target and late <= 2 * target)
    ratio = f"{middle / median(slider):.2f}"
    return [name, f"{middle:.0f}", f"{late:.0f}", ratio, asked, reached, f"browser, {len(times)} times"]


def main() -> None:
    """Measure all, print it and save it."""
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", default="esrgan-lite-x4", help="a pair of the catalogue, with two ends")
    parser.add_argument("--quick", action="store_true", help="only to see that everything runs")
    arguments = parser.parse_args()
    rounds, moves, pictures = (3, 4, 3) if arguments.quick else (40, 40, 16)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = ladder_service(arguments.pair, folder)
        items = all_items(service, arguments.pair, rounds)
        times = alternate({item.name: item.job for item in items}, rounds=rounds, device=service.device)
        with app_page(service, height=PAGE_HEIGHT) as (page, address):
            shown = shown_by_hand(page, address, service, folder, moves=moves, pictures=pictures)
    rows = [*(item_row(item, times) for item in items), *hand_rows(shown, times)]
    title = f"The mixing desk, item by item: {arguments.pair}, {service.precision}"
    save_table("desk", title, COLUMNS, rows, NOTE.format(rounds=rounds, moves=moves, pictures=pictures))


if __name__ == "__main__":
    main()
