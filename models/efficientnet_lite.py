"""EfficientNet-Lite, an ImageNet classifier, as a frozen feature extractor.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019,
https://arxiv.org/abs/1905.11946, in Google's form for phones ("Lite": ReLU6, no squeeze-and-excitation),
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (Apache-2.0). Batch norms are
folded into the convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["LITE0_DEPTHS", "LITE1_DEPTHS", "EfficientNetLite", "fold_batch_norms"]

# Blocks in each of the seven stages.
LITE0_DEPTHS = (1, 2, 2, 3, 3, 4, 1)
LITE1_DEPTHS = (1, 3, 3, 4, 4, 5, 1)

STEM_WIDTH = 32
WIDTHS = (16, 24, 40, 80, 112, 192, 320)
KERNELS = (3, 3, 5, 3, 5, 5, 3)
STRIDES = (1, 2, 2, 2, 1, 2, 1)
EXPANSIONS = (1, 6, 6, 6, 6, 6, 6)
# The features end here: the input of the last reduction, a sixteenth of the picture's size.
LAST_STAGE = 5
# TensorFlow's default, which differs from PyTorch's.
BATCH_NORM_EPSILON = 1e-3


def convolve_same(x: Tensor, convolution: nn.Conv2d) -> Tensor:
    """TensorFlow's 'SAME' padding: any odd zero goes to the right and bottom."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    height, width = (max(-(-n // stride) * stride - stride + kernel - n, 0) for n in x.shape[-2:])
    padding = (width // 2, width - width // 2, height // 2, height - height // 2)
    out: Tensor = convolution(functional.pad(x, padding))
    return out


class InvertedResidual(nn.Module):
    """MobileNetV2's block: 1x1 expansion, depthwise convolution, 1x1 projection."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = nn.Conv2d(inputs, hidden, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(hidden, hidden, kernel, stride=stride, groups=hidden)
        self.project = nn.Conv2d(hidden, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def expanded(self, x: Tensor) -> Tensor:
        return x if self.expand is None else functional.relu6(self.expand(x))

    def forward(self, x: Tensor, expanded: Tensor) -> Tensor:
        out: Tensor = self.project(functional.relu6(convolve_same(expanded, self.depthwise)))
        return x + out if self.residual else out


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite up to its last reduction.

    Args:
        depths: Blocks in each stage; :data:`LITE0_DEPTHS` or :data:`LITE1_DEPTHS`.

    Shape:
        Input (B, 3, H, W), RGB in [0, 1]; output: the activated features before each reduction but the first,
        where a stage widens its input by six: (B, 96, H/2, W/2), (B, 144, H/4, W/4), (B, 240, H/8, W/8)
        and (B, 672, H/16, W/16), sizes rounded up; values in [0, 6].
    """

    def __init__(self, depths: Sequence[int] = LITE0_DEPTHS) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM_WIDTH, 3, stride=2)
        blocks: list[InvertedResidual] = []
        inputs = STEM_WIDTH
        for stage in range(LAST_STAGE + 1):
            for index in range(depths[stage]):
                blocks.append(
                    InvertedResidual(
                        inputs,
                        WIDTHS[stage],
                        kernel=KERNELS[stage],
                        stride=STRIDES[stage] if index == 0 else 1,
                        expansion=EXPANSIONS[stage],
                    )
                )
                inputs = WIDTHS[stage]
                if stage == LAST_STAGE:
                    break
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = (255 * x - 127) / 128
        x = functional.relu6(convolve_same(x, self.stem))
        features: list[Tensor] = []
        for block in self.blocks:
            assert isinstance(block, InvertedResidual)
            expanded = block.expanded(x)
            if block.depthwise.stride[0] > 1:
                features.append(expanded)
            if block is not self.blocks[-1]:
                x = block(x, expanded)
        return features


def fold_batch_norms(checkpoint: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The checkpoint of the package ``efficientnet-lite-pytorch`` as the state of :class:`EfficientNetLite`.

    Args:
        checkpoint: ``_conv_stem.weight``, ``_bn0.*``, ``_blocks.N._expand_conv.weight`` and so on, float32.
    """
    state = folded(checkpoint, "_conv_stem", "_bn0", "stem")
    number, stage, width = 0, -1, 0
    while f"_blocks.{number}._project_conv.weight" in checkpoint:
        old, new = f"_blocks.{number}.", f"blocks.{number}."
        outputs = checkpoint[f"{old}_project_conv.weight"].shape[0]
        stage, width = (stage, width) if outputs == width else (stage + 1, outputs)
        if f"{old}_expand_conv.weight" in checkpoint:
            state |= folded(checkpoint, f"{old}_expand_conv", f"{old}_bn0", f"{new}expand")
        state |= folded(checkpoint, f"{old}_depthwise_conv", f"{old}_bn1", f"{new}depthwise")
        state |= folded(checkpoint, f"{old}_project_conv", f"{old}_bn2", f"{new}project")
        if stage == LAST_STAGE:
            break
        number += 1
    return state


def folded(checkpoint: Mapping[str, Tensor], convolution: str, norm: str, name: str) -> dict[str, Tensor]:
    """One convolution with its batch norm's scale and shift."""
    scale = checkpoint[f"{norm}.weight"] * torch.rsqrt(checkpoint[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
    return {
        f"{name}.weight": checkpoint[f"{convolution}.weight"] * scale.view(-1, 1, 1, 1),
        f"{name}.bias": checkpoint[f"{norm}.bias"] - checkpoint[f"{norm}.running_mean"] * scale,
    }
