"""Merge methods: each against its formula, a loop over entries, and mergekit where that is installed."""

from __future__ import annotations

import importlib
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from cases import case
from torch import Tensor, nn

from dni.blending.blend import Blend
from dni.blending.interpolate import BlendError, interpolate
from dni.blending.methods.dare import drop_and_rescale
from dni.blending.methods.merge import merge_tensors
from dni.blending.methods.merge_method import METHOD_NAMES, MergeMethod
from dni.blending.methods.model_stock import stock_ratio
from dni.blending.methods.slerp import slerp
from dni.blending.methods.ties import elect_and_average, trim
from dni.blending.shares import Mix


def tensors(count: int = 3, *shape: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(shape or (4, 3, 2), generator=generator) for _ in range(count)]


def mergekit(name: str) -> Any:
    """A module of mergekit, for development only: ``pip install --no-deps mergekit``."""
    pytest.importorskip("mergekit", reason="mergekit is an oracle for development only")
    try:
        return importlib.import_module(f"mergekit.{name}")
    except ImportError as error:
        pytest.skip(f"mergekit is here without what it needs: {error}")


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 3)).eval()


# SLERP


def test_slerp_goes_along_the_circle_between_orthogonal_vectors() -> None:
    for alpha in (0.0, 0.25, 0.5, 1.0):
        angle = alpha * math.pi / 2
        found = slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0]), alpha)
        torch.testing.assert_close(found, torch.tensor([2 * math.cos(angle), 2 * math.sin(angle)]))


def test_slerp_of_parallel_or_empty_directions_is_the_straight_line() -> None:
    first = tensors(1)[0]
    for second in (2 * first, -3 * first, torch.zeros_like(first)):
        torch.testing.assert_close(slerp(first, second, 0.3), torch.lerp(first, second, 0.3))


def test_slerp_is_that_of_mergekit() -> None:
    theirs, (a, b) = mergekit("merge_methods.slerp"), tensors(2)
    expected = theirs.slerp(torch.tensor([0.3]), a[None], b[None])[0]  # it takes a batch of tensors
    torch.testing.assert_close(slerp(a, b, 0.3), expected, rtol=1e-4, atol=1e-5)


# TIES


def test_trim_keeps_the_largest_entries() -> None:
    vector = torch.tensor([[0.1, -5.0, 2.0], [-0.2, 0.3, -4.0]])
    assert trim(vector, 0.5).tolist() == [[0.0, -5.0, 2.0], [0.0, 0.0, -4.0]]
    assert int(trim(vector, 0.01).count_nonzero()) == 1
    for density, kept in ((0.29, 29), (0.58, 58), (0.294, 29), (0.299, 29)):
        assert int(trim(torch.arange(1.0, 101.0), density).count_nonzero()) == kept
    assert torch.equal(trim(vector, 1.0), vector)


def by_hand(vectors: list[Tensor], weights: list[float]) -> Tensor:
    """The paper's election and disjoint mean, entry by entry."""
    merged = []
    for entries in zip(*(vector.flatten().tolist() for vector in vectors), strict=True):
        positive = sum(weight * entry for weight, entry in zip(weights, entries, strict=True)) >= 0
        chosen = [
            (w, e) for w, e in zip(weights, entries, strict=True) if w and (e > 0 if positive else e < 0)
        ]
        total = sum(weight for weight, _ in chosen)
        merged.append(sum(weight * entry for weight, entry in chosen) / total if chosen else 0.0)
    return torch.tensor(merged).view_as(vectors[0])


@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [0.2, 0.5, 0.3]])
def test_ties_elects_signs_and_averages_those_that_agree(weights: list[float]) -> None:
    vectors = [trim(vector, 0.6) for vector in tensors(3)]
    torch.testing.assert_close(elect_and_average(vectors, weights), by_hand(vectors, weights))


def test_ties_is_that_of_mergekit() -> None:
    sparsify, arithmetic = mergekit("sparsify"), mergekit("merge_methods.generalized_task_arithmetic")
    vectors, weights = tensors(3), torch.tensor([0.2, 0.5, 0.3]).view(3, 1, 1, 1)
    trimmed = torch.stack([sparsify.magnitude(vector, 0.4) for vector in vectors])
    weighted = trimmed * weights
    agrees = arithmetic.get_mask(weighted, method="sum")
    divisor = (weights * agrees).sum(dim=0)
    divisor[divisor.abs() < 1e-8] = 1
    theirs = (weighted * agrees).sum(dim=0) / divisor
    ours = elect_and_average([trim(vector, 0.4) for vector in vectors], [0.2, 0.5, 0.3])
    torch.testing.assert_close(ours, theirs)


# DARE


def test_dare_drops_entries_and_keeps_the_expected_sum() -> None:
    vector = torch.ones(100, 100)
    dropped = drop_and_rescale(vector, 0.25, seed=3, name="conv.weight")
    assert set(dropped.unique().tolist()) == {0.0, 4.0}
    assert abs(float(dropped.mean()) - 1) < 5 * math.sqrt(0.75 / 0.25) / 100  # five standard deviations
    assert torch.equal(dropped, drop_and_rescale(vector, 0.25, seed=3, name="conv.weight"))
    for other in ({"seed": 4, "name": "conv.weight"}, {"seed": 3, "name": "conv.bias"}):
        assert not torch.equal(dropped, drop_and_rescale(vector, 0.25, **other))


def test_dare_is_that_of_mergekit_for_one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    sparsify, (vector,) = mergekit("sparsify"), tensors(1)
    ours = drop_and_rescale(vector, 0.5, seed=1, name="x")
    kept, draw = (ours != 0).float(), torch.bernoulli
    monkeypatch.setattr(torch, "bernoulli", lambda *_, **__: kept)
    theirs = sparsify.sparsify(
        vector, 0.5, sparsify.SparsificationMethod.random, rescale_norm=sparsify.RescaleNorm.l1
    )
    monkeypatch.setattr(torch, "bernoulli", draw)
    # mergekit keeps the sum of magnitudes of what was drawn, the paper the expected one: the same direction.
    torch.testing.assert_close(theirs / theirs.norm(), ours / ours.norm())
    assert torch.equal(ours, vector * kept / 0.5)


# Model Stock


def test_model_stock_follows_the_angle() -> None:
    east = torch.tensor([1.0, 0.0])
    at_60 = torch.tensor([0.5, math.sqrt(3) / 2])
    assert stock_ratio([east, at_60]) == pytest.approx(2 / 3)  # 2 cos / (1 + cos)
    assert stock_ratio([east, 3 * east, 2 * east]) == pytest.approx(1)
    assert stock_ratio([east, torch.tensor([0.0, 1.0])]) == pytest.approx(0)
    assert stock_ratio([east, torch.zeros(2)]) == 0
    for length in (1e-4, 1e-7, 1e-30):
        assert stock_ratio([length * east, length * at_60]) == pytest.approx(2 / 3)
        assert stock_ratio([length * at_60, length * at_60]) == pytest.approx(1)
    assert stock_ratio([east]) == 1


@pytest.mark.parametrize("other", [[-1.0, 0.0], [-0.1, 0.0], [-0.1, 0.99]])
def test_where_descendants_oppose_each_other_the_ancestor_stays(other: list[float]) -> None:
    """The formula has no bound there: near a cosine of -1 it went to -40,000."""
    assert stock_ratio([torch.tensor([1.0, 0.01]), torch.tensor(other)]) == 0


def test_model_stock_of_equally_long_vectors_is_the_foot_from_their_centre() -> None:
    """The paper's derivation: of w1 and w2 around an unseen centre, the point nearest to it.

    Seen from the centre all weights, the ancestor's too, stand at right angles, so the point on the line from
    ancestor to mean nearest to the centre has (mean - point) . (ancestor - point) as those say.
    """
    centre = torch.tensor([0.0, 0.0, 3.0])
    noise = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    ancestor, ends = torch.zeros(3), [centre + noise[0], centre + noise[1]]
    mean = (ends[0] + ends[1]) / 2
    nearest = float((centre - ancestor) @ (mean - ancestor) / (mean - ancestor).square().sum())
    assert stock_ratio([end - ancestor for end in ends]) == pytest.approx(nearest)


def test_model_stock_is_that_of_mergekit() -> None:
    theirs, (base, *ends) = mergekit("merge_methods.model_stock"), tensors(4, 6, 5)

    group = SimpleNamespace(
        base=SimpleNamespace(tensor=base), non_base=[SimpleNamespace(tensor=e) for e in ends]
    )
    expected = theirs.model_stock_merge_method.implementation(group, filter_wise=False)
    merged = merge_tensors("x", [base, *ends], (0, 1 / 3, 1 / 3, 1 / 3), MergeMethod("model-stock"))
    torch.testing.assert_close(merged, expected, rtol=1e-4, atol=1e-5)


# All of them


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_the_live_network_is_the_pure_merge(name: str) -> None:
    count = 2 if name == "slerp" else 3
    states = [network(seed).state_dict() for seed in range(count)]
    blend = Blend(network(9), states)
    shares = (0.4, 0.6) if count == 2 else (0.1, 0.3, 0.6)
    first = (1.0, *[0.0] * (count - 1))
    mix = Mix.of(shares, groups={"first": first}, method=MergeMethod(name))
    with blend.at(mix) as live:
        found = {key: tensor.clone() for key, tensor in live.state_dict().items()}
    expected = interpolate(states, mix)
    for key, tensor in expected.items():
        torch.testing.assert_close(found[key], tensor, msg=key)
    assert torch.equal(found["0.weight"], states[0]["0.weight"])
    averaged = interpolate(states, Mix.of(shares, groups={"first": first}))
    assert torch.equal(found["1.running_var"], averaged["1.running_var"])
    assert not torch.equal(found["3.weight"], averaged["3.weight"])


def test_one_descendant_whole_is_the_straight_line() -> None:
    a, b = tensors(2)
    for name in ("ties", "dare", "dare-ties"):
        merged = merge_tensors("x", [a, b], (0.3, 0.7), MergeMethod(name, 1.0))
        torch.testing.assert_close(merged, torch.lerp(a, b, 0.7))


def test_a_share_of_one_of_the_ancestor_is_the_ancestor() -> None:
    ends = tensors(3)
    for name in ("ties", "dare", "dare-ties", "model-stock"):
        assert torch.equal(merge_tensors("x", ends, (1, 0, 0), MergeMethod(name)), ends[0])
        assert Mix.of((1, 0, 0), method=MergeMethod(name)).is_end
        assert not Mix.of((0, 1, 0), method=MergeMethod(name)).is_end
    assert Mix.of((0, 1), method=MergeMethod("slerp")).is_end


def test_methods_that_cannot_be() -> None:
    slerp_of_two, stock = MergeMethod("slerp"), MergeMethod("model-stock")
    for make, message in (
        (lambda: MergeMethod("mean"), "Expected one of slerp, ties, .*got 'mean'"),
        (lambda: MergeMethod("slerp", 0.5), "slerp has none"),
        (lambda: MergeMethod("ties", 0.0), "above 0 and at most 1, but got 0.0"),
        (lambda: MergeMethod("ties", math.nan), "above 0 and at most 1"),
        (lambda: MergeMethod("ties", seed=1), "for dare and dare-ties only"),
        (lambda: MergeMethod("dare", seed=-1), "a seed from 0"),
        (lambda: Mix.of((0.2, 0.3, 0.5), method=slerp_of_two), "two ends for slerp, but got 3"),
        (lambda: Mix.of((0.5, 0.5), method=stock), "an ancestor and at least two"),
    ):
        with case(message), pytest.raises(BlendError, match=message):
            make()


def test_an_end_with_a_share_of_0_changes_nothing() -> None:
    ends, method = tensors(4), MergeMethod("model-stock")
    without = merge_tensors("x", ends[:3], (0.2, 0.3, 0.5), method)
    assert torch.equal(merge_tensors("x", ends, (0.2, 0.3, 0.5, 0), method), without)
    alone = merge_tensors("x", ends[:3], (0.5, 0.5, 0), method)
    torch.testing.assert_close(alone, torch.lerp(ends[0], ends[1], 0.5))


def test_shares_of_ties_scale_with_their_sum() -> None:
    """Half of the shares in the same proportions is half of the way from the ancestor."""
    ends = tensors(3)
    whole, half = (
        merge_tensors("x", ends, shares, MergeMethod("ties", 0.5)) - ends[0]
        for shares in ((0.0, 0.25, 0.75), (0.5, 0.125, 0.375))
    )
    torch.testing.assert_close(half, whole / 2)
