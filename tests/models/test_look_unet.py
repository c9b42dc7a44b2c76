"""The U-net of looks: shape, how far it sees, exact tiles, and that nothing in it starts dead."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.look_unet import LookUNet


@pytest.fixture
def network() -> LookUNet:
    torch.manual_seed(0)
    return LookUNet().double().requires_grad_(False)


def test_a_picture_of_the_same_size() -> None:
    output = LookUNet(channels=(2, 3, 4, 5), num_blocks=1)(torch.rand(2, 3, 16, 40))
    assert output.shape == (2, 3, 16, 40)


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (3, 8, 8), (1, 3, 12, 8), (1, 3, 8, 20)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"Expected an input of shape \(B, 3, H, W\), H and W multiples of 8"
    ):
        LookUNet(num_blocks=1)(torch.rand(shape))


@pytest.mark.parametrize("sizes", [{"channels": (16, 0, 64, 96)}, {"num_blocks": 0}])
def test_sizes_must_be_positive(sizes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="at least one channel and one block, but got"):
        LookUNet(**sizes)  # type: ignore[arg-type]


def test_parameters() -> None:
    assert sum(parameter.numel() for parameter in LookUNet().parameters()) == 885_427


def test_it_sees_88_pixels(network: LookUNet) -> None:
    image = torch.rand(1, 3, 16, 400, dtype=torch.float64, requires_grad=True)
    output = network(image)
    reach = 0
    for column in range(192, 200):
        (gradient,) = torch.autograd.grad(output[0, :, 8, column].sum(), image, retain_graph=True)
        seen = gradient[0].abs().sum(dim=(0, 1)).nonzero()
        reach = max(reach, column - int(seen.min()), int(seen.max()) - column)
    assert reach == 88


def test_tiles_are_exact(network: LookUNet) -> None:
    image = torch.rand(1, 3, 24, 272, dtype=torch.float64)
    tile = network(image[..., 8:])[..., 88:]
    torch.testing.assert_close(tile, network(image)[..., 96:], rtol=0, atol=1e-12)


def test_it_starts_near_the_photograph_with_every_channel_alive() -> None:
    torch.manual_seed(0)
    network, alive = LookUNet(), []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(
                lambda _, __, output: alive.append(output.std(dim=(0, 2, 3)).min() > 0)
            )
    image = torch.rand(1, 3, 64, 64)
    change = (network(image) - image).std()
    assert 0 < change < 0.2
    assert all(alive)
