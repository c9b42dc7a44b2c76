"""Parses and validates the messages of the browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dni.blending.shares import Mix
from dni.errors import DniError
from dni.pictures.rectangle import Rectangle

__all__ = ["ViewerState", "mix_of", "number", "parse", "read_viewer_state", "text"]

# Frames of the same alpha to four decimals are one and the same.
ALPHA_DIGITS = 4
# More than anybody mixes; a list as long as a request may be would only cost time.
MAX_SHARES = 64


@dataclass(frozen=True)
class ViewerState:
    """What a person's viewer shows."""

    token: str
    pair: str
    alpha: float


def read_viewer_state(scene: Any) -> ViewerState:
    """Read a scene that comes back from the browser.

    Raises:
        DniError: There is none yet, or it is none of ours.
    """
    if scene is None:
        raise DniError("Nothing is on screen yet. Choose a pair of networks first.")
    return ViewerState(text(scene, "token"), text(scene, "pair"), number(scene, "alpha"))


def parse(request: Any) -> tuple[str, str, Rectangle]:
    """Token, pair and region of a request."""
    region = value_of(request, "region")
    sides = [number(region, side) for side in ("left", "top", "width", "height")]
    return text(request, "token"), text(request, "pair"), Rectangle(*(int(side) for side in sides))


def mix_of(request: Any) -> Mix:
    """The mix of a request: ``alpha``, or ``mix`` with ``shares``, ``groups`` and ``extrapolate``.

    Raises:
        DniError: There is neither, or it is no valid mix.
    """
    given = value_of(request, "mix")
    if given is None:
        return Mix.of_alpha(round(number(request, "alpha"), ALPHA_DIGITS))
    groups = value_of(given, "groups") or {}
    if not isinstance(groups, dict) or len(groups) > MAX_SHARES:
        raise DniError(
            f"Expected groups of layers with their shares, but got {groups!r:.200}. Send an object."
        )
    return Mix.of(
        shares(given, "shares"),
        groups={name: shares(groups, name) for name in groups},
        extrapolate=value_of(given, "extrapolate") is True,
    )


def shares(request: Any, key: str) -> list[float]:
    value = value_of(request, key)
    if not isinstance(value, list) or not 0 < len(value) <= MAX_SHARES:
        raise DniError(
            f"Expected {key!r} as a list of numbers, one an end, but got {value!r:.200}. Send them."
        )
    return [number(dict(enumerate(value)), index) for index in range(len(value))]


def text(request: Any, key: str) -> str:
    value = value_of(request, key)
    if not isinstance(value, str):
        raise DniError(f"Expected a request with a text {key!r}, but got {value!r}.")
    return value


def number(request: Any, key: str | int) -> float:
    value = value_of(request, key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DniError(f"Expected a request with a number {key!r}, but got {value!r}.")
    if value != value or abs(value) > 1e9:
        raise DniError(f"Expected a sensible {key!r}, but got {value}.")
    return float(value)


def value_of(request: Any, key: str | int) -> Any:
    return request.get(key) if isinstance(request, dict) else None
