"""Perceptual distance: distance between two images in the features of a frozen classifier (LPIPS).

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018,
https://arxiv.org/abs/1801.03924: features are scaled to unit length at every position, and their squared
distance is averaged. We deviate in two points: no learned weights (the paper's baseline), and features before
activation, as ESRGAN (Wang et al., 2018) found better for training.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from models.tiny_darknet import TinyDarknet

__all__ = ["VGG19Features", "load_extractor", "perceptual_distance"]

# conv1_2, conv2_2, conv3_4, conv4_4, conv5_4 in torchvision's numbering.
VGG19_LAYERS = (2, 7, 16, 25, 34)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class VGG19Features(nn.Module):
    """torchvision's VGG19 up to conv5_4; five feature maps before activation.

    Shape:
        Input (B, 3, H, W), RGB in [0, 1]; output: (B, 64, H, W) to (B, 512, H/16, W/16).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, pretrained: bool = True) -> None:
        super().__init__()
        from torchvision.models import VGG19_Weights, vgg19

        weights = VGG19_Weights.IMAGENET1K_V1 if pretrained else None
        self.layers = vgg19(weights=weights).features[: max(VGG19_LAYERS) + 1]
        for layer in self.layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False  # an in-place ReLU would overwrite the features we return
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        x = (x - self.mean) / self.std
        return list(self._features(x))

    def _features(self, x: Tensor) -> Iterator[Tensor]:
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in VGG19_LAYERS:
                yield x


def load_extractor(spec: str | Path) -> nn.Module:
    """A frozen feature extractor: ``"vgg19"`` (downloaded by torchvision) or a Tiny Darknet file.

    Raises:
        FileNotFoundError: ``spec`` is neither ``"vgg19"`` nor an existing file.
    """
    if str(spec) == "vgg19":
        extractor: nn.Module = VGG19Features()
    else:
        path = Path(spec)
        if not path.is_file():
            raise FileNotFoundError(
                f"Expected 'vgg19' or a Tiny Darknet .safetensors file, but there is no file {path}."
            )
        extractor = TinyDarknet()
        wanted = extractor.state_dict().keys()
        extractor.load_state_dict({name: t for name, t in load_file(path).items() if name in wanted})
    return extractor.eval().requires_grad_(False)


def perceptual_distance(extractor: nn.Module, output: Tensor, reference: Tensor) -> Tensor:
    """Mean over the layers of the squared distance of unit-length features; a scalar tensor in [0, 4].

    ``output`` and ``reference`` are (B, 3, H, W), RGB in [0, 1]; gradients flow to ``output`` only. Equal
    images give 0, unrelated features 2.
    """
    with torch.no_grad():
        theirs = [unit_length(features.detach()) for features in extractor(reference)]
    ours = [unit_length(features) for features in extractor(output)]
    terms = [(a - b).square().sum(dim=1).mean() for a, b in zip(ours, theirs, strict=True)]
    return torch.stack(terms).mean()


def unit_length(features: Tensor) -> Tensor:
    """(B, C, H, W) to the same, float32, with length 1 along C."""
    return functional.normalize(features.float(), dim=1, eps=1e-6)
