"""Makes the README's picture of the digits: accuracy on the way to each method, and between three networks.

Run from the repository: ``python docs/make_digits_picture.py [REPORT [PICTURE]]``.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

HERE = Path(__file__).resolve().parent
REPORT = HERE.parent / "weights" / "digits" / "report.json"
SIZE, TOP, SIDE = (1200, 508), 68, 300  # of the picture; of each square plot
SHARP = 4  # drawn so many times larger, because Pillow's lines are not smooth
INK, RULE = "#1f2330", "#d9dbe1"
# Colour, then the lengths of dash and gap: the lines can be told apart without colours, too.
STYLES = {
    "dann": ("#0b63a5", (1, 0)),
    "dann_mmd": ("#d9660b", (12, 5)),
    "ddc": ("#0f7b5f", (3, 3)),
    "coral": ("#9333a8", (7, 4)),
    "dan": ("#8a6d00", (2, 5)),
    "adamatch": ("#c01c28", (24, 4)),
    "target_only": ("#4b4f5c", (3, 7)),
}
RAMP = "#1b1445", "#fde725", "#1c7f8c"  # least, most, middle: darker always means less
Point = tuple[float, float]


class Sheet(ImageDraw.ImageDraw):
    """A picture, measured in its final pixels."""

    def path(self, points: list[Point], colour: str, dash: Point = (1, 0), width: float = 2.2) -> None:
        steps = enumerate(walk([(SHARP * x, SHARP * y) for x, y in points]))
        for drawn, piece in groupby(steps, lambda step: step[0] / SHARP % sum(dash) < dash[0]):
            if drawn:
                self.line([point for _, point in piece], colour, round(SHARP * width), joint="curve")

    def label(self, x: float, y: float, text: object, anchor: str = "mm", size: int = 15) -> None:
        place, font = (SHARP * x, SHARP * y), ImageFont.load_default(SHARP * size)
        self.text(place, str(text), INK, font, anchor, stroke_width=2 * SHARP, stroke_fill="white")

    def tiles(self, rows: list[list[float]], left: int, width: int) -> None:
        """Colours for rows of shares (0 to 1), the first row lowest."""
        grey = Image.new("L", (len(rows[0]), len(rows)))
        grey.putdata([round(255 * share) for row in reversed(rows) for share in row])
        grey = grey.resize((SHARP * width, SHARP * SIDE), Image.Resampling.NEAREST)
        self._image.paste(ImageOps.colorize(grey, *RAMP), (SHARP * left, SHARP * TOP))


def walk(points: list[Point]) -> Iterator[Point]:
    """Points along the broken line, about 1 apart."""
    for (x, y), end in pairwise(points):
        count = math.ceil(math.dist((x, y), end))
        yield from ((x + (end[0] - x) * i / count, y + (end[1] - y) * i / count) for i in range(1, count + 1))


def scale(values: Sequence[float], low: float, high: float) -> Callable[[float], float]:
    """The line that takes the first value to ``low`` and the last to ``high``."""
    return lambda value: low + (high - low) * (value - values[0]) / (values[-1] - values[0])


def ticks_of(rows: list[list[float]]) -> list[float]:
    """Whole percentages at even steps, from below the smallest share to above the largest."""
    low, high = 100 * min(map(min, rows)), 100 * max(map(max, rows))
    step = next(step for step in (1, 2, 5, 10, 20) if high - low <= 6 * step)
    return [tick * step / 100 for tick in range(math.floor(low / step), math.ceil(high / step) + 1)]


def chart(sheet: Sheet, curves: dict[str, Any], domain: str, title: str, left: int) -> None:
    """Accuracy on one domain along alpha, one line a method."""
    alphas, lines = curves["alphas"], {name: curves[name][domain] for name in STYLES if name in curves}
    ticks = ticks_of([*lines.values()])
    x, y = scale(alphas, left, left + SIDE), scale(ticks, TOP + SIDE, TOP)
    sheet.label(left - 30, 20, f"{title} accuracy", "lm", 18)
    sheet.label(left + SIDE / 2, TOP + SIDE + 36, "alpha")
    for tick in ticks:
        sheet.path([(left, y(tick)), (left + SIDE, y(tick))], RULE, width=1)
        sheet.label(left - 8, y(tick), f"{tick:.0%}", "rm")
    for alpha, name in {alphas[0]: "", 0: "source only", 0.5: "", 1: "adapted", alphas[-1]: ""}.items():
        sheet.path([(x(alpha), TOP), (x(alpha), TOP + SIDE)], INK if name else RULE, width=1)
        sheet.label(x(alpha), TOP - 12, name)
        sheet.label(x(alpha), TOP + SIDE + 14, alpha)
    for name, line in lines.items():
        sheet.path([*zip(map(x, alphas), map(y, line), strict=True)], *STYLES[name])


def heat_map(sheet: Sheet, plane: dict[str, Any], names: list[str], left: int) -> None:
    """Accuracy on MNIST-M over the plane through the networks with these names."""
    ticks, half = ticks_of(plane["mnist_m"]), SIDE / len(plane["u"]) / 2
    x = scale(plane["u"], left + half, left + SIDE - half)
    y = scale(plane["v"], TOP + SIDE - half, TOP + half)
    sheet.tiles([[*map(scale(ticks, 0, 1), row)] for row in plane["mnist_m"]], left, SIDE)
    sheet.tiles([[step / 255] for step in range(256)], left + SIDE + 16, 16)
    sheet.label(left - 30, 20, "MNIST-M accuracy between three networks", "lm", 18)
    sheet.label(left + SIDE / 2, TOP + SIDE + 36, f"u: towards {names[1]}")
    sheet.label(left, TOP - 12, f"v: towards {names[2]}", "lm")
    for tick in ticks:
        sheet.label(left + SIDE + 40, scale(ticks, TOP + SIDE, TOP)(tick), f"{tick:.0%}", "lm")
    for at in (0, 0.5, 1):
        sheet.label(x(at), TOP + SIDE + 14, at)
        sheet.label(left - 8, y(at), at, "rm")
    for u, v, name in zip((0, 1, 0), (0, 0, 1), names, strict=True):
        sheet.circle((SHARP * x(u), SHARP * y(v)), 6 * SHARP, INK, "white", 2 * SHARP)
        below = 36 * (u == v == 0)  # of the one beside it, whose name is long
        sheet.label(x(u) + 16 * u - 8, y(v) - 18 + below, name, "rm" if u else "lm")


def main(report: Path = REPORT, picture: Path = HERE / "digits.png") -> None:
    """Draw the curves and the plane of a report, and save the picture."""
    content = json.loads(report.read_text(encoding="utf-8"))
    titles = {name: method["title"] for name, method in content["methods"].items()}
    sheet = Sheet(image := Image.new("RGB", (SIZE[0] * SHARP, SIZE[1] * SHARP), "white"))
    chart(sheet, content["curves"], "mnist", "MNIST", 50)
    chart(sheet, content["curves"], "mnist_m", "MNIST-M", 430)
    heat_map(sheet, content["plane"], [titles[name] for name in content["plane"]["corners"]], 810)
    for index, name in enumerate(name for name in STYLES if name in content["curves"]):
        x, y = (20, 290, 560)[index // 3], 434 + 28 * (index % 3)
        sheet.path([(x, y), (x + 48, y)], *STYLES[name])
        sheet.label(x + 56, y, titles[name], "lm")
    image.reduce(SHARP).save(picture, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
