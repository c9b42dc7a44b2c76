"""What the browser asks for is read with care."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dni.blending.shares import BlendError, Mix
from dni.errors import DniError
from dni.ui.protocol import mix_of


def test_alpha_is_a_mix_of_two_ends_to_four_decimals() -> None:
    assert mix_of({"alpha": 0.25}) == Mix.of_alpha(0.25)
    assert mix_of({"alpha": 0.1 + 0.2}) == Mix.of_alpha(0.3)
    assert mix_of({"alpha": 1}) == Mix.of_alpha(1.0)


def test_a_mix_takes_the_place_of_alpha() -> None:
    third = 1 / 3
    assert mix_of({"mix": {"shares": [third, third, third]}, "alpha": 0.5}) == Mix((third, third, third))
    asked = {"shares": [2, -1], "groups": {"last": [0, 1], "first": [1, 0]}, "extrapolate": True}
    expected = Mix.of((2, -1), groups={"first": (1, 0), "last": (0, 1)}, extrapolate=True)
    assert mix_of({"mix": asked}) == expected
    assert mix_of({"mix": {"shares": [0, 1], "groups": None}}) == Mix.of_alpha(1.0)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({}, "number 'alpha', but got None"),
        ({"alpha": True}, "number 'alpha', but got True"),
        ({"alpha": math.nan}, "sensible 'alpha'"),
        ({"mix": []}, "'shares' as a list of numbers, one an end, but got None"),
        ({"mix": {"shares": []}}, "'shares' as a list of numbers"),
        ({"mix": {"shares": [0.5] * 65}}, "'shares' as a list of numbers"),
        ({"mix": {"shares": [0.5, "0.5"]}}, "number 1, but got '0.5'"),
        ({"mix": {"shares": [0.5, math.inf]}}, "sensible 1"),
        ({"mix": {"shares": [1, 0], "groups": ["last"]}}, "groups of layers with their shares"),
        ({"mix": {"shares": [1, 0], "groups": {"last": 1}}}, "'last' as a list of numbers"),
        (None, "number 'alpha'"),
    ],
)
def test_what_is_no_mix_is_refused(asked: Any, text: str) -> None:
    with pytest.raises(DniError, match=text):
        mix_of(asked)


@pytest.mark.parametrize(
    "mix",
    [
        {"shares": [0.5, 0.6]},
        {"shares": [2, -1]},
        {"shares": [2, -1], "extrapolate": "yes"},
        {"shares": [1, 0], "groups": {"last": [0.2, 0.2]}},
    ],
)
def test_shares_that_blend_nothing_are_refused_as_everywhere(mix: dict[str, Any]) -> None:
    with pytest.raises(BlendError):
        mix_of({"mix": mix})
