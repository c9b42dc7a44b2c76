"""Shares, their groups, and task arithmetic as shares."""

import math
import re

import pytest
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st

from dni.blending.shares import BlendError, Mix, as_mix, check_shares, shares_of, task_shares


def test_alpha_is_the_share_of_the_second_end() -> None:
    mix = Mix.of_alpha(0.25)
    assert mix.shares == (0.75, 0.25) == shares_of(0.25)
    assert mix.alpha == 0.25
    assert mix.num_ends == 2


WITHOUT_ALPHA = [Mix.of((0.2, 0.3, 0.5)), Mix.of((0.5, 0.5), groups={"last": (1, 0)})]


def test_there_is_no_alpha_where_one_number_does_not_say_it_all() -> None:
    for mix in WITHOUT_ALPHA:
        with case(mix):
            assert mix.alpha is None


def test_mixes_of_the_same_numbers_are_one_key() -> None:
    one = Mix.of([1, 0], groups={"last": [0, 1], "first": (0.5, 0.5)})
    other = Mix.of((1.0, 0.0), groups={"first": [0.5, 0.5], "last": (0.0, 1.0)})
    assert {one: "frame"}[other] == "frame"
    assert one != Mix.of((1, 0))


def test_a_group_has_its_own_shares_and_the_rest_the_common_ones() -> None:
    mix = Mix.of((0.5, 0.5), groups={"last": (0, 1)})
    assert mix.shares_in("last") == (0, 1)
    assert mix.shares_in("first") == (0.5, 0.5)


def test_a_group_cannot_be_named_twice() -> None:
    with pytest.raises(BlendError, match=r"every group of layers once, but got last again\. Drop one"):
        Mix((1.0, 0.0), (("last", (0.0, 1.0)), ("last", (1.0, 0.0))))


BAD_GROUP_SHARES = [
    ((0.5,), "one share of the layers 'last' for each of the 2 ends, but got 1"),
    ((math.inf, 0), "finite shares of the layers 'last'"),
    ((0.5, 0.6), r"shares of the layers 'last' that sum to 1, but \(0.5, 0.6\) sum to 1.1"),
    ((-1, 2), "shares of the layers 'last' between 0 and 1"),
]


def test_bad_shares_of_a_group_are_refused_by_its_name() -> None:
    for shares, text in BAD_GROUP_SHARES:
        with case(shares), pytest.raises(BlendError, match=text):
            Mix.of((0.5, 0.5), groups={"last": shares})


@pytest.mark.parametrize("alpha", [-0.5, 1.5])
def test_extrapolation_must_be_asked_for(alpha: float) -> None:
    with pytest.raises(BlendError, match=r"between 0 and 1.*or ask for extrapolation"):
        Mix.of_alpha(alpha)
    assert Mix.of_alpha(alpha, extrapolate=True).alpha == alpha


BAD_SHARES = [
    ((0.5,), "one share for each of the 2 ends, but got 1"),
    ((math.nan, 1), "finite shares"),
    ((0.5, 0.6), "sum to 1.1"),
    ((-6, 7), "between 0 and 1"),
]


def test_bad_shares_are_refused() -> None:
    for shares, text in BAD_SHARES:
        with case(shares):
            with pytest.raises(BlendError, match=text):
                check_shares(shares, num_ends=2)
            with pytest.raises(BlendError, match=text):
                as_mix(shares, num_ends=2)


def test_a_mix_for_another_number_of_ends_is_refused() -> None:
    with pytest.raises(BlendError, match="one share for each of the 3 ends, but got 2"):
        as_mix(Mix.of_alpha(0.5), num_ends=3)


def test_as_mix_keeps_a_mix_and_turns_shares_into_one() -> None:
    mix = Mix.of_alpha(1.5, extrapolate=True)
    assert as_mix(mix, num_ends=2) is mix
    assert as_mix(iter((-0.5, 1.5)), num_ends=2, extrapolate=True) == mix


@given(scales=st.lists(st.floats(-2, 2), min_size=1, max_size=5), seed=st.integers(0, 99))
@settings(max_examples=50)
def test_task_arithmetic_is_a_blend_with_the_ancestor(scales: list[float], seed: int) -> None:
    ancestor, *ends = (math.sin(seed + 7 * index) for index in range(len(scales) + 1))
    expected = ancestor + sum(scale * (end - ancestor) for scale, end in zip(scales, ends, strict=True))
    shares = task_shares(scales)
    blended = sum(share * value for share, value in zip(shares, [ancestor, *ends], strict=True))
    assert blended == pytest.approx(expected, abs=1e-9)
    assert Mix.of(shares, extrapolate=True).shares == shares


def test_scales_must_be_finite() -> None:
    with pytest.raises(BlendError, match=re.escape("finite scales, but got (0.5, nan)")):
        task_shares([0.5, math.nan])
