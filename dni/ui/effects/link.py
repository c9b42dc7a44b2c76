"""Parses the page's address: pair, example or the address of a picture, and alpha."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dni.catalog.pairs import Pair
from dni.examples import EXAMPLES
from dni.serving.render_service import RenderService

__all__ = ["Link", "one_slider_pairs", "read_link"]


@dataclass(frozen=True)
class Link:
    """What the address bar asks for, with our defaults in place of what cannot be had."""

    pair: str
    example: str  # "" for what suits the pair
    alpha: float | None  # None where it asks for none
    warnings: tuple[str, ...] = ()
    wanted: str = ""  # a pair that has to be downloaded first
    picture: str = ""  # the address of a picture elsewhere, as it came


def read_link(query: Mapping[str, str], service: RenderService) -> Link:
    """Read ``pair``, ``example``, ``picture`` and ``alpha``; warnings never have its text."""
    warnings: list[str] = []
    wanted = ""
    pairs = one_slider_pairs(service.catalog)
    first_pair = pairs[0]
    pair, example = query.get("pair", first_pair), query.get("example", "")
    alpha = parse_alpha(query["alpha"]) if "alpha" in query else None
    if alpha is None and "alpha" in query:
        warnings.append("The link's alpha is no number from 0 to 1: starting in the middle.")
    if example and example not in EXAMPLES:
        warnings.append("The link's picture is none of the examples: starting with the first one.")
        example = ""
    if pair not in pairs:
        warnings.append("The link's pair is not in the list: starting with the first one.")
        pair = first_pair
    elif pair != first_pair and not service.pair(pair).is_local(service.cache):
        warnings.append("The link's pair is not on this machine yet: click its card to download it.")
        pair, wanted = first_pair, pair
    return Link(pair, example, alpha, tuple(warnings), wanted, query.get("picture", ""))


def one_slider_pairs(catalog: Mapping[str, Pair]) -> list[str]:
    """The ids of a catalogue's entries with two ends, which one slider is enough for."""
    return [pair_id for pair_id, pair in catalog.items() if len(pair.ends) == 2]


def parse_alpha(text: str) -> float | None:
    try:
        alpha = float(text)
    except ValueError:
        return None
    return alpha if math.isfinite(alpha) and 0 <= alpha <= 1 else None
