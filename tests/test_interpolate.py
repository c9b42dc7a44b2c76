"""The mathematics of blending, against the closed formula and as properties."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dni.interpolate import BlendError, check_blendable, check_shares, interpolate, shares_of

STATES = 4


def make_state(seed: int, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3, generator=generator).to(dtype),
        "conv.bias": torch.randn(4, generator=generator).to(dtype),
        "steps": torch.tensor(7),
        "index": torch.arange(5),
        "mask": torch.tensor([True, False]),
    }


@given(alpha=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_two_ends_follow_the_formula(alpha: float) -> None:
    a, b = make_state(0), make_state(1)
    blended = interpolate([a, b], shares_of(alpha))
    for name in ("conv.weight", "conv.bias"):
        expected = (1 - alpha) * a[name].double() + alpha * b[name].double()
        torch.testing.assert_close(blended[name].double(), expected, atol=1e-6, rtol=1e-6)


@given(raw=st.lists(st.floats(0.01, 1), min_size=3, max_size=STATES))
@settings(max_examples=50, deadline=None)
def test_many_ends_follow_the_formula(raw: list[float]) -> None:
    shares = [share / math.fsum(raw) for share in raw]
    states = [make_state(seed) for seed in range(len(shares))]
    blended = interpolate(states, shares)
    expected = sum(share * state["conv.weight"].double() for share, state in zip(shares, states, strict=True))
    torch.testing.assert_close(blended["conv.weight"].double(), expected, atol=1e-6, rtol=1e-6)


@given(alpha=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_swapping_the_ends_swaps_alpha(alpha: float) -> None:
    a, b = make_state(0), make_state(1)
    there = interpolate([a, b], shares_of(alpha))["conv.weight"]
    back = interpolate([b, a], shares_of(1 - alpha))["conv.weight"]
    torch.testing.assert_close(there, back, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("end", range(STATES))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_ends_are_exact_and_in_new_memory(end: int, dtype: torch.dtype) -> None:
    states = [make_state(seed, dtype) for seed in range(STATES)]
    shares = [float(index == end) for index in range(STATES)]
    blended = interpolate(states, shares)
    for name, tensor in states[end].items():
        assert torch.equal(blended[name], tensor)
        assert blended[name].dtype == tensor.dtype
        assert blended[name].data_ptr() != tensor.data_ptr()


def test_half_precision_is_blended_in_float32_and_rounded_once() -> None:
    a, b = make_state(0, torch.bfloat16), make_state(1, torch.bfloat16)
    expected = torch.lerp(a["conv.bias"].float(), b["conv.bias"].float(), 0.3).bfloat16()
    assert torch.equal(interpolate([a, b], shares_of(0.3))["conv.bias"], expected)


def test_integer_tensors_are_kept_and_must_agree() -> None:
    a, b = make_state(0), make_state(1)
    blended = interpolate([a, b], shares_of(0.4))
    assert blended["steps"].item() == 7
    assert blended["mask"].dtype == torch.bool
    b["steps"] = torch.tensor(8)
    b["mask"] = torch.tensor([True, True])
    with pytest.raises(BlendError, match=r"same integer values.*end 1 and end 2: mask, steps\."):
        interpolate([a, b], shares_of(0.4))


def test_differing_names_are_listed_sorted_ten_at_most_with_the_remedy() -> None:
    a, b = make_state(0), make_state(1)
    for number in range(12):
        b[f"extra.{number:02}"] = torch.zeros(1)
    with pytest.raises(BlendError, match=r"same parameter names.*extra\.00, .*extra\.09 and 2 more\. Choose"):
        check_blendable([a, b])


def test_shapes_that_would_broadcast_are_refused() -> None:
    a, b = make_state(0), make_state(1)
    b["conv.weight"] = b["conv.weight"][:1]
    with pytest.raises(BlendError, match=r"same shapes.*conv\.weight"):
        check_blendable([a, b])


def test_dtypes_must_agree() -> None:
    with pytest.raises(BlendError, match=r"same dtypes.*conv\.bias, conv\.weight"):
        check_blendable([make_state(0), make_state(1, torch.float16)])


def test_a_third_end_is_checked_too() -> None:
    third = make_state(2)
    del third["conv.bias"]
    with pytest.raises(BlendError, match=r"between end 1 and end 3: conv\.bias"):
        check_blendable([make_state(0), make_state(1), third])


def test_one_end_is_not_a_blend() -> None:
    with pytest.raises(BlendError, match="at least two ends to blend, but got 1"):
        check_blendable([make_state(0)])


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ((0.5,), "one share for each of the 2 ends, but got 1"),
        ((math.nan, 1), "finite shares"),
        ((0.5, 0.6), "sum to 1.1"),
        ((-6, 7), "between 0 and 1"),
    ],
)
def test_bad_shares_are_refused(shares: tuple[float, ...], text: str) -> None:
    with pytest.raises(BlendError, match=text):
        check_shares(shares, num_ends=2)


def test_extrapolation_must_be_asked_for() -> None:
    a, b = make_state(0), make_state(1)
    blended = interpolate([a, b], shares_of(1.5), extrapolate=True)["conv.bias"]
    torch.testing.assert_close(blended, a["conv.bias"] + 1.5 * (b["conv.bias"] - a["conv.bias"]))
