"""The networks of the digit experiments, against the architecture of the paper."""

from __future__ import annotations

import pytest
import torch
from cases import case
from safetensors.torch import load, save
from torch.nn import functional

from dni.blending.interpolate import interpolate, shares_of
from models.digits import DigitNetwork, DomainClassifier, LargeDigitNetwork


def network(seed: int = 0) -> DigitNetwork:
    torch.manual_seed(seed)
    return DigitNetwork().eval()


def digits(count: int = 5, seed: int = 1) -> torch.Tensor:
    return torch.rand(count, 3, 28, 28, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_shapes() -> None:
    net, x = network(), digits()
    features = net.features(x)
    assert features.shape == (5, 768)
    assert [layer.shape for layer in net.hidden(features)] == [(5, 100), (5, 100)]
    assert net(x).shape == (5, 10)
    assert torch.equal(net(x), net.classify(features))


@torch.no_grad()
def test_it_is_the_network_of_figure_4a() -> None:
    """In the paper's order: convolution, ReLU, pool; and the digits around zero."""
    net, x = network(), digits()
    layers = net.state_dict()
    y = x - 0.5
    for name in ("conv1", "conv2"):
        y = functional.conv2d(y, layers[f"{name}.weight"], layers[f"{name}.bias"]).relu()
        y = functional.max_pool2d(y, 2)
    y = y.flatten(1)
    torch.testing.assert_close(net.features(x), y)
    for name in ("fc1", "fc2"):
        y = functional.linear(y, layers[f"{name}.weight"], layers[f"{name}.bias"]).relu()
    torch.testing.assert_close(net(x), functional.linear(y, layers["fc3.weight"], layers["fc3.bias"]))


def test_every_state_is_a_parameter() -> None:
    """Nothing like a batch norm's statistics, which a blend would get wrong."""
    net = network()
    assert list(net.buffers()) == []
    assert sum(parameter.numel() for parameter in net.parameters()) == 128_890


@torch.no_grad()
def test_digits_do_not_influence_one_another() -> None:
    net, x = network(), digits()
    torch.testing.assert_close(torch.cat([net(digit[None]) for digit in x]), net(x))


@torch.no_grad()
def test_the_way_from_one_network_to_another() -> None:
    ends, x, blend = [network(0), network(1)], digits(), DigitNetwork()
    states = [end.state_dict() for end in ends]
    for alpha, end in ((0.0, ends[0]), (1.0, ends[1])):
        blend.load_state_dict(interpolate(states, shares_of(alpha)))
        assert torch.equal(blend(x), end(x))
    blend.load_state_dict(interpolate(states, shares_of(0.5)))
    assert not torch.equal(blend(x), ends[0](x))


def test_a_round_trip_through_safetensors() -> None:
    again = DigitNetwork()
    again.load_state_dict(load(save(network().state_dict())))
    assert torch.equal(again(digits()), network()(digits()))


@torch.no_grad()
def test_the_large_network() -> None:
    """As the small one: layer by layer, nothing but parameters; and its start keeps the signal's strength."""
    torch.manual_seed(0)
    net, x = LargeDigitNetwork().eval(), digits(50)
    found = net.activations(x)
    shapes = {name: tuple(layer.shape) for name, layer in found.items()}
    assert shapes == {"features": (50, 1152), "fc1": (50, 256), "fc2": (50, 128), "logits": (50, 10)}
    assert list(net.buffers()) == []
    assert sum(parameter.numel() for parameter in net.parameters()) == 608_650
    assert torch.equal(net(x), found["logits"])
    torch.testing.assert_close(torch.cat([net(digit[None]) for digit in x[:3]]), net(x)[:3])
    assert 0.3 < found["logits"].std() / (x - 0.5).square().mean().sqrt() < 10
    with pytest.raises(ValueError, match="Expected digits of shape"):
        net(torch.zeros(1, 3, 32, 32))


SHAPES = [(3, 28, 28), (1, 1, 28, 28), (1, 3, 32, 32), (1, 28, 28, 3)]


def test_other_shapes_are_named() -> None:
    for shape in SHAPES:
        with (
            case(shape),
            pytest.raises(ValueError, match=r"Expected digits of shape \(B, 3, 28, 28\), but got \("),
        ):
            network()(torch.zeros(shape))


@torch.no_grad()
def test_the_domain_classifier() -> None:
    torch.manual_seed(0)
    classifier, features = DomainClassifier(), network().features(digits())
    layers = classifier.state_dict()
    assert [tuple(layer.shape) for layer in layers.values()] == [(100, 768), (100,), (1, 100), (1,)]
    hidden = (features @ layers["fc1.weight"].T + layers["fc1.bias"]).relu()
    expected = hidden @ layers["fc2.weight"].T + layers["fc2.bias"]
    torch.testing.assert_close(classifier(features), expected)
