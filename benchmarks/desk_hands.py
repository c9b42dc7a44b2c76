"""A person at the mixing desk in a real browser: how long from the hand to the picture on the canvas."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.browser import PATIENCE_MS, PAUSE_MS, noise
from benchmarks.desk_items import DISC_SHARE, HEIGHT, WIDTH
from benchmarks.ladders import LADDERS
from dni.catalog.pairs import Pair
from dni.serving.render_service import RenderService

__all__ = ["Shown", "shown_by_hand"]

# Does something and resolves with the ms until the canvas showed a picture of what is new, made of frames or
# exact, and until it showed the exact one; and whether it had nothing to show in between.
TIMED = """(given) => new Promise((resolve, reject) => {
  const desk = document.querySelector('#desk'), canvas = desk.querySelector('canvas.picture');
  const send = (target, kind, x, y) => {
    const box = target.getBoundingClientRect();
    target.setPointerCapture = () => {};
    target.dispatchEvent(new PointerEvent(kind, {
      bubbles: true, pointerId: 1, pointerType: 'mouse', button: kind === 'pointermove' ? -1 : 0,
      clientX: box.left + x * box.width, clientY: box.top + y * box.height,
    }));
  };
  const { dataset } = canvas, before = dataset.shares;
  delete dataset.frames;  // set when a frame arrives
  let changed = false, waited = false, first = null;
  const look = () => {
    const { state } = dataset, passed = performance.now() - started;
    changed ||= dataset.shares !== before || state !== 'exact' || dataset.frames !== undefined;
    if (!changed) return;
    if (state === 'waiting') waited = true; else first ??= passed;
    if (state !== 'exact') return;
    watch.disconnect();
    resolve({ first, exact: passed, waited });
  };
  const watch = new MutationObserver(look);  // both are written in the callback that draws
  watch.observe(canvas, { attributes: true, attributeFilter: ['data-shares', 'data-state'] });
  setTimeout(() => reject(new Error('Nothing new is on the canvas after a minute.')), 60000);
  const started = performance.now();
  %s
})"""
SLIDE = """const slider = desk.querySelector('input.alpha');
  slider.value = given;
  slider.dispatchEvent(new Event('input', { bubbles: true }));"""
PRESS = "send(desk.querySelector('.pad canvas'), 'pointerdown', ...given);"
DRAG = "send(desk.querySelector('.pad canvas'), 'pointermove', ...given);"
DRAW_LAYER = """const bars = desk.querySelector('.bars'), box = bars.getBoundingClientRect();
  const columns = [...bars.querySelectorAll('.column')];
  const column = columns[given.index % columns.length].getBoundingClientRect();
  const x = (column.left + column.width / 2 - box.left) / box.width;
  send(bars, 'pointerdown', x, (column.top + column.height * (1 - given.value) - box.top) / box.height);
  send(bars, 'pointerup', x, 0);"""
DAB = """send(canvas, 'pointerdown', ...given);
  send(canvas, 'pointerup', ...given);"""
# Places far from each other and between those of the frames that are fetched ahead: of three in turn, the
# frames around the next one are not there yet.
FAR = (0.04, 0.96, 0.45)
FAR_ON_PAD = ((0.13, 0.91), (0.91, 0.87), (0.52, 0.16))
PRESSED = (0.3, 0.7)
# Of the slider, between its frames at tenths.
BETWEEN = [step / 100 for step in range(2, 99) if step % 10]
BRUSH_ALPHA = 0.97


@dataclass
class Shown:
    """Milliseconds from an input event, move by move.

    Attributes:
        preview: Until something of the new mix was on screen, where the frames around it were there.
        exact: Until the exact frame was, after a hand that rests.
        missing: Until the new mix was on screen, where the frames around it were not there.
    """

    preview: list[float] = field(default_factory=list)
    exact: list[float] = field(default_factory=list)
    missing: list[float] = field(default_factory=list)

    def add(self, seen: dict[str, Any], *, there: bool) -> None:
        """Take in a move, unless the frames were there when they should not have been, or the reverse."""
        if there is seen["waited"]:
            return
        if there:
            self.preview.append(seen["first"])
            self.exact.append(seen["exact"])
        else:
            self.missing.append(seen["first"])


class Hands:
    """The desk on one page.

    Args:
        page: An empty one.
        folder: For pictures.
    """

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self._pictures = 0
        self._random = random.Random(0)

    def open(self, address: str) -> None:
        """Go to the desk, and wait for its first picture and for the verdict, which takes time of its own."""
        self.page.goto(address)
        self.page.get_by_role("tab", name="Mixing desk").click()
        self.wait("data.state === 'exact'")
        self.page.wait_for_selector("#desk-verdict .verdict", timeout=PATIENCE_MS)

    def wait(self, condition: str, given: Any = None) -> None:
        """Wait until the JavaScript holds; ``data`` is the dataset of the ``canvas``."""
        self.page.wait_for_function(
            "(given) => { const canvas = document.querySelector('#desk canvas.picture'); "
            f"const data = canvas?.dataset; return canvas && {condition}; }}",
            arg=given,
            timeout=PATIENCE_MS,
        )

    def choose(self, pair: Pair) -> None:
        """Take other networks, and wait for them and for their verdict."""
        self.page.locator("#desk-pair input").click()
        self.page.get_by_role("option", name=pair.title).click()
        self.page.wait_for_function(
            "([label, count]) => document.querySelectorAll('#desk .numbers li').length === count"
            " && document.querySelector('#desk-verdict .verdict')?.textContent.includes(label)",
            arg=[pair.labels[-1], len(pair.labels)],
            timeout=PATIENCE_MS,
        )

    def upload(self, *, complete: bool) -> None:
        """Show a new picture; wait for its first frame, or for all of them."""
        self._pictures += 1
        file = noise(self.folder, self._pictures, width=WIDTH, height=HEIGHT)
        # What is written there is of the last picture.
        self.page.evaluate(
            "() => Object.assign(document.querySelector('#desk canvas.picture').dataset, "
            "{ state: '', missing: '' })"
        )
        self.page.set_input_files("#desk-picture input[type=file]", str(file))
        label = "canvas.getAttribute('aria-label').startsWith(given)"
        self.wait(f"{label} && data.state === 'exact' && data.missing !== ''", file.name)
        if complete:
            self.wait("data.missing === '0'")

    def pause(self) -> None:
        self.page.wait_for_timeout(self._random.uniform(*PAUSE_MS))

    def timed(self, act: str, given: Any) -> dict[str, Any]:
        """Do what the JavaScript says, and what :data:`TIMED` found."""
        found: dict[str, Any] = self.page.evaluate(TIMED % act, given)
        return found

    def click(self, selector: str) -> None:
        self.page.locator(f"#desk {selector}").click()


def shown_by_hand(
    page: Page, address: str, service: RenderService, folder: Path, *, moves: int, pictures: int
) -> dict[str, Shown]:
    """Move, draw and paint; by what was touched.

    Args:
        page: An empty one.
        address: The app's.
        service: Its service, of :func:`benchmarks.ladders.ladder_studio`.
        folder: For pictures.
        moves: How many of each kind where all frames are there.
        pictures: On how many new pictures to move where they are not.
    """
    hands = Hands(page, folder)
    hands.open(address)
    found = {
        "slider": slide(hands, moves, pictures),
        "layers": draw_layers(hands, moves),
        "brush": paint(hands, moves),
    }
    for pad, name in (("triangle", LADDERS[3]), ("square", LADDERS[4])):
        hands.choose(service.pair(name))
        found[pad] = drag(hands, moves, pictures)
    return found


def slide(hands: Hands, moves: int, pictures: int) -> Shown:
    there = [BETWEEN[len(BETWEEN) * index // moves] for index in range(moves)]
    return moved(hands, SLIDE, there, FAR, pictures)


def drag(hands: Hands, moves: int, pictures: int) -> Shown:
    """On the pad, without letting go."""
    hands.timed(PRESS, PRESSED)
    return moved(hands, DRAG, list(zigzag(moves)), FAR_ON_PAD, pictures)


def zigzag(count: int) -> Iterator[tuple[float, float]]:
    """Places around the middle of a pad, further and further out, inside of the triangle, too."""
    for index in range(count):
        out = (index + 1) / count
        yield 0.5 + 0.17 * out * (-1) ** index, 0.62 + 0.2 * out * (-1) ** (index // 2)


def moved(hands: Hands, act: str, there: Sequence[Any], far: Sequence[Any], pictures: int) -> Shown:
    """Moves on one picture whose frames are there; and two on each new one, whose frames are not."""
    shown = Shown()
    hands.upload(complete=True)
    for given in there:
        hands.pause()
        shown.add(hands.timed(act, given), there=True)
    places = cycle(far)
    for _ in range(pictures):
        hands.upload(complete=False)
        for given in islice(places, 2):
            hands.pause()
            shown.add(hands.timed(act, given), there=False)
    return shown


def draw_layers(hands: Hands, moves: int) -> Shown:
    """The curve over depth: no frame of a new curve is ever there."""
    shown = Shown()
    hands.click('.heads button[data-panel="layers"]')
    hands.upload(complete=True)
    for index in range(moves):
        hands.wait("data.missing === '0'")
        hands.pause()
        value = 0.02 + 0.9 * ((index * 0.618) % 1)
        shown.missing.append(hands.timed(DRAW_LAYER, {"index": index, "value": value})["first"])
    hands.click('.choices [data-preset="all"]')
    return shown


def paint(hands: Hands, moves: int) -> Shown:
    """Dabs of a soft brush that reach a quarter of the picture, each on an empty mask."""
    shown = Shown()
    hands.upload(complete=True)
    hands.timed(SLIDE, BRUSH_ALPHA)
    hands.click('.heads button[data-panel="paint"]')
    hands.page.locator("#desk .size").fill(str(brush_size()))
    for index in range(moves):
        hands.click('[data-mask="clear"]')
        hands.pause()
        hands.wait("data.state === 'exact'")
        place = [0.5 + 0.02 * (index % 5 - 2), 0.5 + 0.02 * (index % 7 - 3)]
        shown.add(hands.timed(DAB, place), there=True)
    hands.click('[data-mask="off"]')
    return shown


def brush_size() -> int:
    """The brush's slider, whose square is the radius, for dabs as large as the disc of the other table."""
    radius = (DISC_SHARE * WIDTH * HEIGHT / 3.1416) ** 0.5
    return round(100 * (radius / (max(WIDTH, HEIGHT) / 2)) ** 0.5)
