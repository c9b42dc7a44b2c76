"""What the app starts with: the catalogue, the example photographs, and what a link asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from dni.catalog import load_catalog
from dni.images import open_picture
from dni.serving.studio import Studio
from dni.ui.gpu import IS_ZERO_GPU

__all__ = [
    "EXAMPLES",
    "EXAMPLE_FOLDER",
    "MIDDLE",
    "Link",
    "default_studio",
    "example_paths",
    "example_token",
    "keep_examples",
    "one_slider_pairs",
    "read_link",
]

EXAMPLE_FOLDER = Path(__file__).parent / "examples"
EXAMPLES = {
    "cat": ("cat.png", "Cat"),
    "coffee": ("coffee.png", "Coffee"),
    "astronaut": ("astronaut.png", "Astronaut"),
    "rocket": ("rocket.png", "Rocket"),
    "galaxies": ("galaxies.jpg", "Galaxies"),
}
MIDDLE = 0.5


@dataclass(frozen=True)
class Link:
    """What the address bar asks for, with our defaults in place of what cannot be had."""

    pair: str
    example: str
    alpha: float
    warnings: tuple[str, ...] = ()


def read_link(query: Mapping[str, str], studio: Studio) -> Link:
    """Read ``pair``, ``example`` and ``alpha``; a warning for each that is unusable (and never its text)."""
    warnings = []
    pairs = one_slider_pairs(studio)
    first_pair, first_example = pairs[0], next(iter(EXAMPLES))
    pair, example = query.get("pair", first_pair), query.get("example", first_example)
    alpha = parse_alpha(query.get("alpha", str(MIDDLE)))
    if alpha is None:
        warnings.append("The link's alpha is no number from 0 to 1: starting in the middle.")
    if example not in EXAMPLES:
        warnings.append("The link's picture is none of the examples: starting with the first one.")
        example = first_example
    if pair not in pairs:
        warnings.append("The link's pair is not in the list: starting with the first one.")
        pair = first_pair
    elif pair != first_pair and not studio.pair(pair).is_local(studio.cache):
        warnings.append("The link's pair is not on this machine yet: choose it from the list to download it.")
        pair = first_pair
    return Link(pair, example, MIDDLE if alpha is None else alpha, tuple(warnings))


def one_slider_pairs(studio: Studio) -> list[str]:
    """The ids of the catalogue's entries with two ends, which one slider is enough for."""
    return [pair_id for pair_id, pair in studio.catalog.items() if len(pair.ends) == 2]


def parse_alpha(text: str) -> float | None:
    try:
        alpha = float(text)
    except ValueError:
        return None
    return alpha if math.isfinite(alpha) and 0 <= alpha <= 1 else None


def example_token(name: str) -> str:
    """The token under which everybody finds the example."""
    return f"example-{name}"


def example_paths() -> list[tuple[Path, str]]:
    """Files and titles, in the order shown."""
    return [(EXAMPLE_FOLDER / file, title) for file, title in EXAMPLES.values()]


def keep_examples(studio: Studio) -> None:
    """Let everybody find the examples in ``studio``."""
    for name, (file, _) in EXAMPLES.items():
        studio.keep(example_token(name), open_picture(EXAMPLE_FOLDER / file))


def default_studio() -> Studio:
    """A studio with the catalogue.

    In a ZeroGPU Space its frames are rendered on the CPU: the GPU is lent to queued events only, and those
    have a studio of their own (see :mod:`dni.ui.gpu`).
    """
    return Studio(load_catalog(), device=torch.device("cpu") if IS_ZERO_GPU else None)
