"""EfficientNet-Lite: its layout, and that folding batch norms keeps what it computes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.efficientnet_lite import LITE1_DEPTHS, EfficientNetLite, fold_batch_norms


def test_features_end_before_each_reduction() -> None:
    features = EfficientNetLite(LITE1_DEPTHS)(torch.rand(1, 3, 50, 64))
    assert [tuple(f.shape[1:]) for f in features] == [
        (96, 25, 32), (144, 13, 16), (240, 7, 8), (672, 4, 4),
    ]  # fmt: skip
    assert all(f.min() >= 0 and f.max() <= 6 for f in features)


def random_norm(width: int, name: str, generator: torch.Generator) -> dict[str, Tensor]:
    keys = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{key}": torch.rand(width, generator=generator) for key in keys}


def test_folded_weights_compute_the_same() -> None:
    """Against convolutions followed by batch norms, on the two blocks before the first features."""
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "_conv_stem": (32, 3, 3, 3),
        "_blocks.0._depthwise_conv": (32, 1, 3, 3),
        "_blocks.0._project_conv": (16, 32, 1, 1),
        "_blocks.1._expand_conv": (96, 16, 1, 1),
        "_blocks.1._depthwise_conv": (96, 1, 3, 3),
        "_blocks.1._project_conv": (24, 96, 1, 1),
    }
    norms = ["_bn0", "_blocks.0._bn1", "_blocks.0._bn2", "_blocks.1._bn0", "_blocks.1._bn1", "_blocks.1._bn2"]
    checkpoint: dict[str, Tensor] = {}
    for (name, shape), norm in zip(shapes.items(), norms, strict=True):
        checkpoint[f"{name}.weight"] = torch.randn(shape, generator=generator) / 3
        checkpoint |= random_norm(shape[0], norm, generator)

    def layer(
        x: Tensor, name: str, norm: str, *, stride: int = 1, padding: int = 0, groups: int = 1
    ) -> Tensor:
        weight = checkpoint[f"{name}.weight"]
        x = functional.conv2d(x, weight, stride=stride, padding=padding, groups=groups)
        mean, variance, scale, shift = (
            checkpoint[f"{norm}.{key}"] for key in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, mean, variance, scale, shift, eps=1e-3)

    picture = torch.rand(1, 3, 32, 32, generator=generator)
    x = functional.pad((255 * picture - 127) / 128, (0, 1, 0, 1))
    x = functional.relu6(layer(x, "_conv_stem", "_bn0", stride=2))
    x = functional.relu6(layer(x, "_blocks.0._depthwise_conv", "_blocks.0._bn1", padding=1, groups=32))
    x = layer(x, "_blocks.0._project_conv", "_blocks.0._bn2")
    wanted = functional.relu6(layer(x, "_blocks.1._expand_conv", "_blocks.1._bn0"))

    network = EfficientNetLite().eval()
    network.load_state_dict(fold_batch_norms(checkpoint), strict=False)
    torch.testing.assert_close(network(picture)[0], wanted, rtol=1e-4, atol=1e-4)
