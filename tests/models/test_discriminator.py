"""The discriminator's shape and layout."""

from __future__ import annotations

import pytest
import torch
from cases import case
from torch import nn

from models.discriminator import UNetDiscriminator, VGGDiscriminator


@pytest.fixture(scope="module")
def network() -> VGGDiscriminator:
    torch.manual_seed(0)
    return VGGDiscriminator(num_filters=2)


def test_one_logit_per_patch(network: VGGDiscriminator) -> None:
    patches = torch.rand(2, 3, 128, 128, requires_grad=True)
    logits = network(patches)
    assert logits.shape == (2, 1)
    logits.sum().backward()
    assert patches.grad is not None
    # Every pixel is seen.
    assert patches.grad.abs().amax(dim=1).gt(0).float().mean() > 0.99


SHAPES = [(1, 3, 64, 64), (1, 1, 128, 128), (1, 3, 128, 160), (3, 128, 128)]


def test_other_shapes_are_errors(network: VGGDiscriminator) -> None:
    for shape in SHAPES:
        with case(shape), pytest.raises(ValueError, match=r"shape \(B, 3, 128, 128\), but got \(.*128|64\)"):
            network(torch.rand(shape))


def test_layout_is_that_of_the_paper(network: VGGDiscriminator) -> None:
    convolutions = [layer for layer in network.features if isinstance(layer, nn.Conv2d)]
    assert [conv.kernel_size[0] for conv in convolutions] == [3, 4] * 5
    assert [conv.stride[0] for conv in convolutions] == [1, 2] * 5
    assert [conv.out_channels for conv in convolutions] == [2, 2, 4, 4, 8, 8, 16, 16, 16, 16]
    # Batch norm after every convolution but the first; where it follows, a bias would do nothing.
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network.features) == 9
    assert [conv.bias is not None for conv in convolutions] == [True] + [False] * 9
    assert [tuple(p.shape) for p in network.classifier.parameters()] == [(100, 256), (100,), (1, 100), (1,)]


def test_the_u_net_answers_for_every_pixel_from_its_surroundings() -> None:
    torch.manual_seed(0)
    network = UNetDiscriminator(num_filters=2)
    pictures = torch.rand(2, 3, 64, 48, requires_grad=True)
    logits = network(pictures)
    assert logits.shape == (2, 1, 64, 48)
    logits[0, 0, 32, 24].backward()
    assert pictures.grad is not None
    seen = pictures.grad[0].abs().amax(dim=0).gt(0).nonzero()
    height, width = (seen.amax(dim=0) - seen.amin(dim=0)).tolist()
    assert height > 24
    assert width > 24
    with pytest.raises(ValueError, match=r"sides divisible by 8, but got \(1, 3, 60, 48\)"):
        network(torch.rand(1, 3, 60, 48))


def test_the_u_nets_inner_convolutions_have_spectral_norm_one() -> None:
    torch.manual_seed(0)
    network = UNetDiscriminator(num_filters=2)
    for _ in range(30):  # its estimate is by power iteration
        network(torch.rand(1, 3, 16, 16))
    for layer in (*network.down, *network.up):
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        assert largest.item() == pytest.approx(1, abs=0.05)
