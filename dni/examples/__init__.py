"""The example photographs, all in the public domain: small ones to enlarge, larger to redraw or repair."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "EXAMPLES",
    "EXAMPLE_FOLDER",
    "QUALITIES",
    "SIGMAS",
    "WHOLE",
    "example_paths",
    "example_token",
    "suitable_examples",
]

EXAMPLE_FOLDER = Path(__file__).parent
# The portrait with noise of so many levels, and as JPEG of such qualities: spoiled by docs/make_cards.py, as
# are the small copies that look as if they had been sent on a few times.
SIGMAS = (15, 25, 35, 50)
QUALITIES = (40, 30, 20, 10)
EXAMPLES = {
    "cat": ("cat.png", "Cat"),
    "coffee": ("coffee.png", "Coffee"),
    "astronaut": ("astronaut.png", "Astronaut"),
    "rocket": ("rocket.png", "Rocket"),
    "galaxies": ("galaxies.jpg", "Galaxies"),
    "portrait": ("portrait.jpg", "Portrait"),
    "espresso": ("espresso.jpg", "Espresso"),
    "launch": ("launch.jpg", "Launch"),
    **{f"grain-{sigma}": (f"grain-{sigma}.png", f"Grain {sigma}") for sigma in SIGMAS},
    **{f"blocks-{quality}": (f"blocks-{quality}.jpg", f"JPEG {quality}") for quality in QUALITIES},
    "sent-portrait": ("sent-portrait.jpg", "Old face"),
    "sent-espresso": ("sent-espresso.jpg", "Old cup"),
    "sent-launch": ("sent-launch.jpg", "Old launch"),
}
TO_ENLARGE = ("cat", "coffee", "astronaut", "rocket", "galaxies")
TO_REDRAW = ("portrait", "espresso", "launch", "galaxies")
WHOLE = tuple(dict.fromkeys((*TO_ENLARGE, *TO_REDRAW)))
"""Those that nobody has spoiled."""


def suitable_examples(named: Sequence[str], scale: int | None) -> list[str]:
    """The examples to show a network on, the most suitable first.

    Args:
        named: Those that its catalogue names; others than ours are left out.
        scale: Output pixels for an input pixel, along each side, if known: for networks that name none.
    """
    known = [name for name in named if name in EXAMPLES]
    return known or list(TO_REDRAW if scale == 1 else TO_ENLARGE)


def example_token(name: str) -> str:
    """The token under which everybody finds the example."""
    return f"example-{name}"


def example_paths(names: Sequence[str] = WHOLE) -> list[tuple[Path, str]]:
    """Files and titles, in the order shown."""
    return [(EXAMPLE_FOLDER / EXAMPLES[name][0], EXAMPLES[name][1]) for name in names]
