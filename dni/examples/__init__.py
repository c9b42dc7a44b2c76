"""The example photographs, all in the public domain: small ones to enlarge, and larger ones to redraw."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EXAMPLES", "EXAMPLE_FOLDER", "example_paths", "example_token", "suitable_example"]

EXAMPLE_FOLDER = Path(__file__).parent
EXAMPLES = {
    "cat": ("cat.png", "Cat"),
    "coffee": ("coffee.png", "Coffee"),
    "astronaut": ("astronaut.png", "Astronaut"),
    "rocket": ("rocket.png", "Rocket"),
    "galaxies": ("galaxies.jpg", "Galaxies"),
    "portrait": ("portrait.jpg", "Portrait"),
    "espresso": ("espresso.jpg", "Espresso"),
    "launch": ("launch.jpg", "Launch"),
}
TO_ENLARGE = ("cat", "coffee", "astronaut", "rocket", "galaxies")
TO_REDRAW = ("portrait", "espresso", "launch", "galaxies")


def suitable_example(scale: int | None, chosen: str = "") -> str:
    """The example to show a network on: the chosen one, if it is of the size that such networks show on.

    Args:
        scale: Output pixels for an input pixel, along each side, if known.
        chosen: The example that is shown now; "" for none.
    """
    suitable = TO_REDRAW if scale == 1 else TO_ENLARGE
    return chosen if chosen in suitable else suitable[0]


def example_token(name: str) -> str:
    """The token under which everybody finds the example."""
    return f"example-{name}"


def example_paths() -> list[tuple[Path, str]]:
    """Files and titles, in the order shown."""
    return [(EXAMPLE_FOLDER / file, title) for file, title in EXAMPLES.values()]
