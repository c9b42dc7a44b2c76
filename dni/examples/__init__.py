"""The example photographs, all in the public domain."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EXAMPLES", "EXAMPLE_FOLDER", "example_paths", "example_token"]

EXAMPLE_FOLDER = Path(__file__).parent
EXAMPLES = {
    "cat": ("cat.png", "Cat"),
    "coffee": ("coffee.png", "Coffee"),
    "astronaut": ("astronaut.png", "Astronaut"),
    "rocket": ("rocket.png", "Rocket"),
    "galaxies": ("galaxies.jpg", "Galaxies"),
}


def example_token(name: str) -> str:
    """The token under which everybody finds the example."""
    return f"example-{name}"


def example_paths() -> list[tuple[Path, str]]:
    """Files and titles, in the order shown."""
    return [(EXAMPLE_FOLDER / file, title) for file, title in EXAMPLES.values()]
