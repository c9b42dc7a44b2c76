"""The messages of the browser, which may hold anything, are validated once."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dni.blending.shares import BlendError, Mix
from dni.errors import DniError
from dni.pictures.rectangle import Rectangle
from dni.ui.protocol.adaptation import Change, DrawRequest, Subject
from dni.ui.protocol.frames import OverviewRequest, ViewerFrameRequest, ViewerScene
from dni.ui.protocol.messages import Message, read_mix
from dni.ui.protocol.mixing import CurveRequest, MaskRequest, MixFrameRequest, MixingState, with_correlations

REGION = {"left": 1, "top": 2, "width": 30, "height": 20}
FRAME = {
    **{"token": "cat", "pair": "tiny", "region": REGION, "alpha": 0.25, "session": "secret", "ahead": False},
}
SCENE = {
    **{"serial": "one", "token": "cat", "name": "cat.png", "width": 40, "height": 30, "scale": 4},
    **{
        "pair": "tiny",
        "labels": ["calm", "wild"],
        "live_pixels": 1000,
        "session": "secret",
        "example": "cat",
    },
}
VIEWER = {**SCENE, "alpha": 0.5, "whole": "", "estimate": "", "prepares": False}
STATE = {
    **SCENE,
    **{"groups": [{"name": "first"}, {"name": "last", "correlation": 0.5}], "base": None, "mask": None},
    **{"mix": {"shares": [0.3, 0.7], "layers": {"last": 0.5}}, "region": None, "seen": REGION},
}
MIX = {"token": "cat", "pair": "tiny", "region": REGION, "mix": {"shares": [1, 0]}, "session": "secret"}


# Mixes


def test_alpha_is_a_mix_of_two_ends_to_four_decimals() -> None:
    for alpha, expected in ((0.25, 0.25), (0.1 + 0.2, 0.3), (1, 1.0)):
        assert ViewerFrameRequest.parse({**FRAME, "alpha": alpha}).mix == Mix.of_alpha(expected)


def test_a_mix_has_shares_groups_and_extrapolation() -> None:
    third = 1 / 3
    assert read_mix({"shares": [third, third, third]}) == Mix((third, third, third))
    asked = {"shares": [2, -1], "groups": {"last": [0, 1], "first": [1, 0]}, "extrapolate": True}
    expected = Mix.of((2, -1), groups={"first": (1, 0), "last": (0, 1)}, extrapolate=True)
    assert read_mix(asked) == expected
    assert read_mix({"shares": [0, 1], "groups": None}) == Mix.of_alpha(1.0)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ([], "'mix.shares' as a list of numbers, one an end, but got None"),
        ({"shares": []}, "'mix.shares' as a list of numbers"),
        ({"shares": [0.5] * 65}, "'mix.shares' as a list of numbers"),
        ({"shares": [0.5, "0.5"]}, r"number 'mix.shares\[1\]', but got '0.5'"),
        ({"shares": [0.5, math.inf]}, r"sensible 'mix.shares\[1\]'"),
        ({"shares": [1, 0], "groups": ["last"]}, "groups of layers with their shares"),
        ({"shares": [1, 0], "groups": {"last": 1}}, "'mix.groups.last' as a list of numbers"),
        (None, "'mix.shares'"),
    ],
)
def test_what_is_no_mix_is_refused(asked: Any, text: str) -> None:
    with pytest.raises(DniError, match=text):
        read_mix(asked)


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
        read_mix(mix)


# Messages


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (ViewerFrameRequest, FRAME),
        (ViewerScene, VIEWER),
        (ViewerScene, {**VIEWER, "prepared": True, "region": REGION}),
        (MixFrameRequest, {**MIX, "rank": "ahead", "mask": "id", "levels": 3}),
        (CurveRequest, {**MIX, "against": "none"}),
        (Subject, {"method": "dann", "token": "cat", "strength": 0.5}),
    ],
)
def test_a_message_is_the_same_there_and_back(message: type[Message], value: dict[str, Any]) -> None:
    parsed = message.parse(value)
    assert message.parse(parsed.to_dict()) == parsed
    assert parsed == message.parse({**value, "unknown": object()})
    assert {name: parsed.to_dict()[name] for name in value if name != "mix"} == {
        name: known for name, known in value.items() if name != "mix"
    }


def test_what_is_on_screen_is_read() -> None:
    state = MixingState.parse(STATE)
    assert (state.mix.blend, state.mix.layers) == (Mix.of((0.3, 0.7)), {"last": 0.5})
    assert (state.seen, state.region, state.labels) == (Rectangle(1, 2, 30, 20), None, ("calm", "wild"))
    assert [group.correlation for group in state.groups] == [None, 0.5]


@pytest.mark.parametrize("value", [None, 7, [], "text", math.nan])
def test_what_is_no_message_is_refused(value: Any) -> None:
    for message in (ViewerFrameRequest, ViewerScene, MixingState, MaskRequest, DrawRequest):
        with pytest.raises(DniError, match=r"named fields|Nothing is on"):
            message.parse(value)


@pytest.mark.parametrize(
    ("message", "good", "wrong", "text"),
    [
        (ViewerFrameRequest, FRAME, {"token": 7}, "text 'token', but got 7"),
        (ViewerFrameRequest, FRAME, {"token": "a" * 501}, "'token' with at most 500 characters, but got 501"),
        (ViewerFrameRequest, FRAME, {"alpha": True}, "number 'alpha', but got True"),
        (ViewerFrameRequest, FRAME, {"alpha": math.nan}, "sensible 'alpha'"),
        (ViewerFrameRequest, FRAME, {"alpha": None}, "number 'alpha', but got None"),
        (ViewerFrameRequest, FRAME, {"region": None}, "number 'region.left', but got None"),
        (ViewerFrameRequest, FRAME, {"region": {**REGION, "top": 1e10}}, "sensible 'region.top'"),
        (ViewerFrameRequest, FRAME, {"region": {**REGION, "top": 3.9}}, "whole number as 'region.top', but"),
        (ViewerFrameRequest, FRAME, {"ahead": "yes"}, "'ahead' as true or false"),
        (MixFrameRequest, MIX, {"rank": "first"}, "'rank' as one of live, ahead, but got 'first'"),
        (CurveRequest, MIX, {"against": []}, "'against' as one of reduce, reference, none"),
        (MixingState, STATE, {"groups": [{}]}, "text 'name'"),
        (MixingState, STATE, {"groups": 7}, "'groups' as a list"),
        (MixingState, STATE, {"labels": ["a"] * 1025}, "'labels' as a list"),
        (MixingState, STATE, {"mix": {"shares": [1, 0], "layers": {"last": "all"}}}, "mix.layers.last"),
        (MixingState, STATE, {"seen": None}, "'seen.left'"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    message: type[Message], good: dict[str, Any], wrong: dict[str, Any], text: str
) -> None:
    with pytest.raises(DniError, match=text):
        message.parse({**good, **wrong})


def test_a_message_repeats_little_of_what_came_and_nothing_of_a_secret() -> None:
    for long in ("x" * 1_000_000, ["x" * 100] * 1000, {"x" * 1000: 1}):
        with pytest.raises(DniError) as refused:
            MixFrameRequest.parse({**MIX, "rank": long})
        assert len(str(refused.value)) < 300
    for session in (["my secret"], "my secret" * 100):
        with pytest.raises(DniError, match="with its session, but it names none") as refused:
            OverviewRequest.parse({"token": "cat", "session": session})
        assert "my secret" not in str(refused.value)
    assert "secret" not in repr(ViewerFrameRequest.parse(FRAME))


def test_an_optional_field_that_is_none_is_left_out() -> None:
    change = {"serial": "one", "token": "abc", "picture": "mine.png"}
    assert Change(**change).to_dict() == change


def test_correlations_are_told_to_the_scene_that_they_are_of() -> None:
    def told(value: Any, pair: str = "tiny") -> dict[str, Any] | None:
        return with_correlations(value, {"first": 0.9}, pair_id=pair, session="new")

    groups = [{"name": "first", "correlation": 0.9}, {"name": "last"}]
    assert told(STATE) == {**STATE, "groups": groups, "session": "new"}
    assert told(None) is None
    assert told(STATE, "other") is None
