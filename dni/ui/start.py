"""What the app starts with: the catalogue, and the example photographs."""

from __future__ import annotations

from pathlib import Path

from dni.catalog import load_catalog
from dni.images import open_picture
from dni.studio import Studio

__all__ = ["DEFAULT_EXAMPLE", "DEFAULT_PAIR", "EXAMPLES", "default_studio", "example_token"]

EXAMPLE_FOLDER = Path(__file__).parent / "examples"
EXAMPLES = {
    "cat": ("cat.png", "Cat"),
    "coffee": ("coffee.png", "Coffee"),
    "astronaut": ("astronaut.png", "Astronaut"),
    "rocket": ("rocket.png", "Rocket"),
    "galaxies": ("galaxies.jpg", "Galaxies (large)"),
}
DEFAULT_EXAMPLE = "cat"
DEFAULT_PAIR = "esrgan-lite-x4"


def example_token(name: str) -> str:
    """The token under which everybody finds the example."""
    return f"example-{name}"


def default_studio() -> Studio:
    """A studio with the two-ended pairs of the catalogue and the examples."""
    pairs = {pair_id: pair for pair_id, pair in load_catalog().items() if len(pair.ends) == 2}
    studio = Studio(pairs)
    for name, (file, _) in EXAMPLES.items():
        studio.keep(example_token(name), open_picture(EXAMPLE_FOLDER / file))
    return studio
