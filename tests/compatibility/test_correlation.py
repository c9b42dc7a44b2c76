"""The filters' correlation against closed formulas and numpy's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import case
from torch import Tensor, nn

from dni.compatibility.correlation import (
    LayerCorrelation,
    correlation_by_group,
    filter_correlation,
    mean_correlation,
)
from models import RRDBNet


def layer(*filters: list[float]) -> dict[str, Tensor]:
    """A state with one layer, beside a bias and a counter that are not filters."""
    return {
        "layer.weight": torch.tensor(filters),
        "layer.bias": torch.randn(len(filters)),
        "layer.steps": torch.tensor([[7, 7], [7, 7]]),
    }


def one_correlation(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    (found,) = filter_correlation([ours, theirs])
    assert found.name == "layer.weight"
    (value,) = found.correlations
    return value


def test_one_filter() -> None:
    for theirs, expected in [
        ([1.0, 2.0, 4.0], 1.0),
        ([5.0, 7.0, 11.0], 1.0),  # 2 * ours + 3
        ([-1.0, -2.0, -4.0], -1.0),
        ([2.0, -3.0, 1.0], 0.0),  # orthogonal to ours less its mean, (-4, -1, 5) / 3, and of mean 0
        ([1.0, 0.0, 0.0], -4 / 42**0.5 / (2 / 3) ** 0.5),
    ]:
        with case(theirs):
            assert one_correlation(layer([1.0, 2.0, 4.0]), layer(theirs)) == pytest.approx(
                expected, abs=1e-12
            )


def test_a_layer_is_the_mean_of_its_filters() -> None:
    ours = layer([1.0, 2.0, 4.0], [1.0, 2.0, 4.0], [1.0, 2.0, 4.0], [3.0, 0.0, 0.0])
    theirs = layer([1.0, 2.0, 4.0], [-1.0, -2.0, -4.0], [2.0, -3.0, 1.0], [3.0, 0.0, 0.0])
    assert one_correlation(ours, theirs) == pytest.approx((1 - 1 + 0 + 1) / 4, abs=1e-12)


def test_zero_and_constant_filters() -> None:
    for ours, theirs, expected in [
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 1.0),
        ([0.0, 0.0, 0.0], [1.0, 2.0, 4.0], 0.0),
        ([1.0, 2.0, 4.0], [0.0, 0.0, 0.0], 0.0),
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.1], 1.0),
        ([0.1, 0.1, 0.1], [0.3, 0.3, 0.3], 0.0),
        ([0.1, 0.1, 0.1], [0.1, 0.2, 0.4], 0.0),
    ]:
        with case(ours, theirs):
            assert one_correlation(layer(ours), layer(theirs)) == expected


def test_against_numpy() -> None:
    generator = torch.Generator().manual_seed(0)
    ours, theirs = torch.randn(2, 6, 4, 3, 3, generator=generator)
    rows = zip(ours.flatten(1).numpy(), theirs.flatten(1).numpy(), strict=True)
    expected = np.mean([np.corrcoef(one, other)[0, 1] for one, other in rows])
    found = one_correlation({"layer.weight": ours}, {"layer.weight": theirs})
    assert found == pytest.approx(expected, abs=1e-6)


def test_several_ends_in_order_of_depth() -> None:
    first = RRDBNet(num_filters=8, num_blocks=2).state_dict()
    negated = {name: -tensor for name, tensor in first.items()}
    layers = filter_correlation([first, negated, first])
    assert [each.name for each in layers] == [name for name in first if name.endswith("weight")]
    assert [layers[0].group, layers[1].group, layers[-1].group] == ["first", "trunk 1", "last"]
    for each in layers:
        assert each.correlations == pytest.approx((-1, 1), abs=1e-6)


def test_only_weights_of_two_or_more_dimensions() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU(4), nn.BatchNorm2d(4), nn.Conv2d(4, 3, 3))
    state = network.state_dict()
    assert [each.name for each in filter_correlation([state, state])] == ["0.weight", "3.weight"]


def test_means() -> None:
    layers = [
        LayerCorrelation("a", "first", (1.0, 0.0)),
        LayerCorrelation("b", "trunk 1", (0.5, 0.0)),
        LayerCorrelation("c", "trunk 1", (0.3, 0.6)),
    ]
    assert mean_correlation(layers) == pytest.approx(0.6)
    assert mean_correlation(layers, 1) == pytest.approx(0.2)
    assert mean_correlation([]) == 1
    assert correlation_by_group(layers) == pytest.approx({"first": 1.0, "trunk 1": 0.4})
    assert correlation_by_group(layers, 1) == pytest.approx({"first": 0.0, "trunk 1": 0.3})
