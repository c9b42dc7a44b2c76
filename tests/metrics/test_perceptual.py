"""The perceptual distance and its two extractors."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from dni.metrics.perceptual import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    VGG19Features,
    load_extractor,
    perceptual_distance,
)
from models.tiny_darknet import TinyDarknet


class TwoLayers(nn.Module):
    """The image ten times as bright, and its first two channels: easy to compute by hand."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [10 * x, x[:, :2]]


def constant(red: float, green: float, blue: float) -> Tensor:
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 4, 4)


def test_distance_by_hand() -> None:
    output, reference = constant(0, 1, 0), constant(0.6, 0.8, 0)
    # Both have length 1 in either layer: (0.6 ** 2 + 0.2 ** 2) twice, whatever the layer's scale.
    assert perceptual_distance(TwoLayers(), output, reference).item() == pytest.approx(0.4)
    assert perceptual_distance(TwoLayers(), 0.3 * output, reference).item() == pytest.approx(0.4)
    assert perceptual_distance(TwoLayers(), reference, reference).item() == 0


def test_gradient_flows_to_the_output_only() -> None:
    output = torch.rand(1, 3, 4, 4, requires_grad=True)
    reference = torch.rand(1, 3, 4, 4, requires_grad=True)
    perceptual_distance(TwoLayers(), output, reference).backward()
    assert output.grad is not None
    assert output.grad.abs().max() > 0
    assert reference.grad is None


def test_tiny_darknet_from_its_file(shared: Path) -> None:
    extractor = load_extractor(shared / "perceptual" / "tiny_darknet.safetensors")
    assert not extractor.training
    assert not any(parameter.requires_grad for parameter in extractor.parameters())
    generator = torch.Generator().manual_seed(0)
    reference = torch.rand(1, 3, 32, 32, generator=generator)
    features = extractor(reference)
    assert [tuple(f.shape[1:]) for f in features][::6] == [(32, 16, 16), (512, 2, 2)]
    assert len(features) == 7
    assert all(f.min() < 0 for f in features)  # before activation
    assert perceptual_distance(extractor, reference, reference).item() == 0
    near, far = (
        perceptual_distance(extractor, reference + amount * torch.ones(1, 3, 32, 32), reference)
        for amount in (0.01, 0.1)
    )
    assert 0 < near < far


def test_tiny_darknet_survives_a_round_trip(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TinyDarknet()
    save_file(network.state_dict(), tmp_path / "a.safetensors")
    image = torch.rand(1, 3, 16, 16)
    loaded = load_extractor(tmp_path / "a.safetensors")(image)
    assert all(torch.equal(a, b) for a, b in zip(loaded, network(image), strict=True))


def test_a_missing_extractor_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"Expected 'vgg19' or a Tiny Darknet .* no file .*none.safet"
    ):
        load_extractor(tmp_path / "none.safetensors")


@pytest.mark.slow
def test_vgg19_gives_the_last_convolution_of_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the slow initialisation of its 124 million classifier weights.
    monkeypatch.setattr(torchvision.models, "vgg19", partial(torchvision.models.vgg19, init_weights=False))
    torch.manual_seed(0)
    with torch.no_grad():
        extractor = VGG19Features(pretrained=False)
        theirs = make_layers(cfgs["E"])[: len(extractor.layers)]
        theirs.load_state_dict(extractor.layers.state_dict())
        image = torch.rand(1, 3, 32, 32)
        ours = extractor(image)
        x = (image - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / torch.tensor(IMAGENET_STD).view(3, 1, 1)
        expected = []
        for index, layer in enumerate(theirs):
            # A stage ends where the resolution halves; its last convolution is two layers before.
            if index + 2 < len(theirs) and isinstance(theirs[index + 2], nn.MaxPool2d):
                expected.append(layer(x).clone())
            x = layer(x)
        expected.append(x)  # conv5_4, where the extractor stops
    assert [tuple(f.shape[1:]) for f in ours] == [
        (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)
    ]  # fmt: skip
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))
    assert all(f.min() < 0 for f in ours)
