"""Orders: what may be asked of a render, through JSON and back."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st

from dni.blending.methods.merge_method import MergeMethod
from dni.blending.shares import BlendError, Mix
from dni.errors import DniError
from dni.masks.files import encode_mask
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest, RenderRequestError

MASK = encode_mask(torch.arange(12, dtype=torch.uint8).reshape(3, 4) * 20)
PLAIN = RenderRequest(mix=Mix.of_alpha(0.57), tile=256)
FULL = RenderRequest(
    mix=Mix.of((0.5, 0.25, 0.25), groups={"trunk 2": (1, 0, 0), "last": (0, 0.1, 0.9)}),
    brush=Mix.of((2, -0.5, -0.5), groups={"first": (0, 0, 1)}, extrapolate=True),
    mask=MASK,
    levels=8,
    crop=Rectangle(3, 0, 20, 10),
)


def through_json(wanted: RenderRequest) -> RenderRequest:
    return RenderRequest.from_values(json.loads(json.dumps(wanted.to_values(), allow_nan=False)))


def changed(wanted: RenderRequest, **values: object) -> dict[str, Any]:
    return {**wanted.to_values(), **values}


@pytest.mark.parametrize("wanted", [PLAIN, FULL, replace(FULL, levels=None, crop=None, tile=16)])
def test_json_gives_an_equal_order(wanted: RenderRequest) -> None:
    assert through_json(wanted) == wanted
    assert hash(through_json(wanted)) == hash(wanted)


@given(alpha=st.floats(-2, 3), group=st.floats(0, 1), name=st.text(min_size=1))
@settings(max_examples=50)
def test_shares_come_back_bit_for_bit(alpha: float, group: float, name: str) -> None:
    mix = Mix.of((1 - alpha, alpha), groups={name: (1 - group, group)}, extrapolate=True)
    again = through_json(RenderRequest(mix=mix)).mix
    assert again == mix
    assert [share.hex() for share in again.shares] == [share.hex() for share in mix.shares]


def test_what_is_as_by_default_is_left_out() -> None:
    assert PLAIN.to_values() == {"shares": [1 - 0.57, 0.57], "tile": 256}
    assert FULL.to_values() == {
        "shares": [0.5, 0.25, 0.25],
        "groups": {"trunk 2": [1, 0, 0], "last": [0, 0.1, 0.9]},
        "tile": None,
        "brush": {"shares": [2, -0.5, -0.5], "groups": {"first": [0, 0, 1]}, "extrapolate": True},
        "mask": MASK,
        "levels": 8,
        "crop": [3, 0, 20, 10],
    }


def test_shares_tell_of_extrapolation_where_nothing_is_said() -> None:
    assert RenderRequest.from_values({"shares": [1.5, -0.5], "tile": None}).mix.extrapolate
    assert not RenderRequest.from_values({"shares": [0.5, 0.5], "tile": None}).mix.extrapolate
    with pytest.raises(BlendError, match="between 0 and 1"):
        RenderRequest.from_values({"shares": [1.5, -0.5], "tile": None, "extrapolate": False})


def test_the_largest_share_is_1000() -> None:
    values = {"shares": [1000, -999], "tile": None}
    assert RenderRequest.from_values(values).mix.shares == (1000, -999)
    with pytest.raises(DniError, match="shares as a list of numbers"):
        RenderRequest.from_values({"shares": [1000.5, -999.5], "tile": None})


def test_an_order_of_a_mix_of_shares_or_of_itself() -> None:
    assert RenderRequest.of((0.25, 0.75), num_ends=2) == RenderRequest(mix=Mix.of_alpha(0.75))
    assert RenderRequest.of(FULL.mix, num_ends=3) == RenderRequest(mix=FULL.mix)
    assert RenderRequest.of(FULL, num_ends=3) is FULL
    for wanted in ((0.25, 0.75), PLAIN, PLAIN.mix):
        with pytest.raises(BlendError, match="each of the 3 ends, but got 2"):
            RenderRequest.of(wanted, num_ends=3)


OUT_OF_BOUNDS = [
    ({"tile": 0}, "Expected a tile of at least 1 or none, but got 0: correct it"),
    ({"tile": 2.5}, "a tile of at least 1"),
    ({"tile": True}, "a tile of at least 1"),
    ({"crop": [0, 0, 5]}, r"a crop as \(left, top, width, height\) in pixels, but got \[0, 0, 5\]"),
    ({"crop": [0, -1, 5, 5]}, "a crop as"),
    ({"crop": [0, 0, 0, 5]}, "a crop as"),
    ({"crop": [0, 0, 1.0, 5]}, "a crop as"),
    ({"crop": "0,0,5,5"}, "a crop as"),
    ({"mask": None}, "a mask and a brush, or neither"),
    ({"brush": None}, "a mask and a brush, or neither"),
    ({"mask": None, "brush": None}, "a mask for its levels"),
    ({"mask": 3}, "a mask as text, but got 3"),
    ({"mask": "bm9uZQ=="}, "a mask as a grey PNG .* in base64"),
    ({"mask": base64.b64encode(base64.b64decode(MASK)[:-34]).decode()}, "a mask as a grey PNG"),
    ({"levels": 0}, "1 to 255 levels, but got 0"),
    ({"levels": 256}, "1 to 255 levels"),
    ({"levels": "4"}, "1 to 255 levels"),
    ({"brush": {"shares": [0.5, 0.5]}}, r"a brush of 3 ends, as the mix has, but got \(0.5, 0.5\)"),
    ({"brush": {"shares": [0.5, 0.4, 0]}}, "sum to 1"),
    ({"brush": {}}, "shares as a list of numbers, but got None"),
    (
        {"brush": [0.5, 0.5, 0]},
        "a brush with no more than .*'extrapolate', 'groups', 'method', 'repair', 'shares'",
    ),
    ({"brush": {"shares": [1, 0, 0], "angle": 3}}, "a brush with no more than"),
    ({"shares": None}, "shares as a list of numbers"),
    ({"shares": "100"}, "shares as a list of numbers"),
    ({"shares": [True, False, False]}, "shares as a list of numbers"),
    ({"shares": [1.0, 0.0]}, "each of the 2 ends, but got 3"),
    ({"shares": [float("nan"), 1, 0]}, "finite shares"),
    ({"shares": [float("inf"), float("-inf"), 1]}, "shares as a list of numbers"),
    ({"shares": [10**400, 1 - 10**400, 0]}, "shares as a list of numbers"),
    ({"groups": [1, 0, 0]}, "groups of layers with a list of numbers each"),
    ({"groups": {"last": 1}}, "groups of layers with a list of numbers each"),
    ({"groups": {"last": [0.5, 0.4, 0]}}, "shares of the layers 'last' that sum to 1"),
    ({"groups": {"last": [0.5, 0.5]}}, "of the layers 'last' for each of the 3 ends, but got 2"),
    ({"extrapolate": 1}, "extrapolate to be true or false"),
]


def test_values_out_of_bounds() -> None:
    for values, message in OUT_OF_BOUNDS:
        with case(values), pytest.raises(DniError, match=message):
            RenderRequest.from_values(changed(FULL, **values))


def test_contradictions_are_errors_in_python_too() -> None:
    with pytest.raises(RenderRequestError, match="a mask and a brush, or neither"):
        replace(PLAIN, mask=MASK)
    with pytest.raises(RenderRequestError, match="a crop as"):
        replace(PLAIN, crop=(0, 0, 5))  # type: ignore[arg-type]


def test_repair_and_method_are_kept_and_left_out_where_there_are_none() -> None:
    mix = Mix.of((0.2, 0.3, 0.5), repair=True, method=MergeMethod("ties", 0.5))
    values = RenderRequest(mix=mix).to_values()
    assert (values["repair"], values["method"]) == (True, {"name": "ties", "density": 0.5})
    assert RenderRequest.from_values(values).mix == mix
    assert not {"repair", "method"} & RenderRequest(mix=Mix.of_alpha(0.5)).to_values().keys()
    for wrong in ({"repair": 1}, {"method": "ties"}, {"method": {"name": "ties", "k": 1}}):
        with pytest.raises(DniError, match="Expected"):
            RenderRequest.from_values({"shares": [0.5, 0.5], **wrong})
