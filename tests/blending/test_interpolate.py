"""The mathematics of blending, against the closed formula and as properties."""

import math

import pytest
import torch
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st

from dni.blending.interpolate import BlendError, check_blendable, interpolate, shares_of
from dni.blending.layer_groups import layer_groups
from dni.blending.shares import Mix, task_shares
from models import RRDBNet

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
@settings(max_examples=50)
def test_two_ends_follow_the_formula(alpha: float) -> None:
    a, b = make_state(0), make_state(1)
    blended = interpolate([a, b], shares_of(alpha))
    for name in ("conv.weight", "conv.bias"):
        expected = (1 - alpha) * a[name].double() + alpha * b[name].double()
        torch.testing.assert_close(blended[name].double(), expected, atol=1e-6, rtol=1e-6)


@given(raw=st.lists(st.floats(0.01, 1), min_size=3, max_size=STATES))
@settings(max_examples=50)
def test_many_ends_follow_the_formula(raw: list[float]) -> None:
    shares = [share / math.fsum(raw) for share in raw]
    states = [make_state(seed) for seed in range(len(shares))]
    blended = interpolate(states, shares)
    expected = sum(share * state["conv.weight"].double() for share, state in zip(shares, states, strict=True))
    torch.testing.assert_close(blended["conv.weight"].double(), expected, atol=1e-6, rtol=1e-6)


@given(alpha=st.floats(0, 1))
@settings(max_examples=30)
def test_swapping_the_ends_swaps_alpha(alpha: float) -> None:
    a, b = make_state(0), make_state(1)
    there = interpolate([a, b], shares_of(alpha))["conv.weight"]
    back = interpolate([b, a], shares_of(1 - alpha))["conv.weight"]
    torch.testing.assert_close(there, back, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_ends_are_exact_and_in_new_memory(dtype: torch.dtype) -> None:
    for end in range(STATES):
        with case(end):
            states = [make_state(seed, dtype) for seed in range(STATES)]
            shares = [float(index == end) for index in range(STATES)]
            blended = interpolate(states, shares)
            for name, tensor in states[end].items():
                assert torch.equal(blended[name], tensor)
                assert blended[name].dtype == tensor.dtype
                assert blended[name].data_ptr() != tensor.data_ptr()


def test_an_end_without_a_share_is_left_out() -> None:
    """Its weights do not matter, be they infinite: not even a rounding differs."""
    a, b, unused = (make_state(seed) for seed in range(3))
    unused["conv.weight"].fill_(math.inf)
    expected = interpolate([a, b], (0.3, 0.7))["conv.weight"]
    assert torch.equal(interpolate([a, unused, b], (0.3, 0.0, 0.7))["conv.weight"], expected)


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


def test_counted_batches_may_differ() -> None:
    a, b = ({**make_state(seed), "norm.num_batches_tracked": torch.tensor(seed + 5)} for seed in (0, 1))
    for alpha in (0.4, 1):
        assert interpolate([a, b], shares_of(alpha))["norm.num_batches_tracked"].item() == 5


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


def test_extrapolation_follows_the_formula() -> None:
    a, b = make_state(0), make_state(1)
    blended = interpolate([a, b], shares_of(1.5), extrapolate=True)["conv.bias"]
    torch.testing.assert_close(blended, a["conv.bias"] + 1.5 * (b["conv.bias"] - a["conv.bias"]))


def rrdb_states(count: int) -> list[dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    return [RRDBNet(num_filters=4, num_blocks=2).state_dict() for _ in range(count)]


def test_groups_follow_the_formula_with_their_own_shares() -> None:
    a, b, c = rrdb_states(3)
    mix = Mix.of((0.2, 0.3, 0.5), groups={"trunk 2": (0.6, 0.4, 0), "last": (0, 0, 1)})
    blended = interpolate([a, b, c], mix)
    groups = layer_groups(a)
    for name in groups["first"] + groups["trunk 1"] + groups["upsampling"]:
        torch.testing.assert_close(blended[name], 0.2 * a[name] + 0.3 * b[name] + 0.5 * c[name])
    for name in groups["trunk 2"]:
        torch.testing.assert_close(blended[name], 0.6 * a[name] + 0.4 * b[name])
    for name in groups["last"]:
        assert torch.equal(blended[name], c[name])


def test_integer_tensors_are_in_no_group_and_kept() -> None:
    a, b = make_state(0), make_state(1)
    blended = interpolate([a, b], Mix.of((1, 0), groups={"first": (0, 1)}))
    assert torch.equal(blended["conv.weight"], b["conv.weight"])
    assert blended["steps"].item() == 7


def test_an_unknown_group_is_refused_with_the_known_ones() -> None:
    known = "first, trunk 1, trunk 2, upsampling, last"
    mix = Mix.of_alpha(0.5)
    for name in ("trunk 3", "lats"):
        wrong = Mix.of(mix.shares, groups={name: (1, 0), "last": (1, 0)})
        with pytest.raises(BlendError, match=rf"this network has, but got '{name}'\. Choose from: {known}\."):
            interpolate(rrdb_states(2), wrong)


def test_task_arithmetic_adds_scaled_differences_to_the_ancestor() -> None:
    ancestor, b, c = (make_state(seed) for seed in range(3))
    blended = interpolate([ancestor, b, c], task_shares([0.8, -0.5]), extrapolate=True)
    start = ancestor["conv.weight"]
    expected = start + 0.8 * (b["conv.weight"] - start) - 0.5 * (c["conv.weight"] - start)
    torch.testing.assert_close(blended["conv.weight"], expected)
