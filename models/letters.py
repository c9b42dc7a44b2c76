"""The network that maps letters to points, so that drawings of one letter lie near each other.

The embedding of FaceNet (Schroff et al., CVPR 2015, https://arxiv.org/abs/1503.03832) on a network of the
size that letters need: four 3x3 convolutions, about as in Matching Networks (Vinyals et al., 2016), a linear
layer, and the point scaled to length 1. No batch norm, so a blend of two networks needs no statistics of
its own.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["LetterNetwork"]

SIDE = 28
NUM_FEATURES = 32, 32, 64, 64
NUM_DIMENSIONS = 64


class LetterNetwork(nn.Module):
    """Places letters on a sphere.

    Shape:
        Input (B, 1, 28, 28), floating point, ink in [0, 1] on 0; output: (B, 64), rows of length 1.
    """

    def __init__(self) -> None:
        super().__init__()
        sizes = zip((1, *NUM_FEATURES), NUM_FEATURES, strict=False)
        layers = [nn.Conv2d(before, after, 3, padding=1) for before, after in sizes]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.convolutions = nn.ModuleList(layers)
        self.place = nn.Linear(NUM_FEATURES[-1] * 3 * 3, NUM_DIMENSIONS)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1:] != (1, SIDE, SIDE):
            raise ValueError(f"Expected letters of shape (B, 1, {SIDE}, {SIDE}), but got {tuple(x.shape)}.")
        *pooled, last = self.convolutions
        for layer in pooled:
            # The ReLU after the pool: the same numbers for a quarter of the work.
            x = functional.relu(functional.max_pool2d(layer(x), 2))  # 14, 7, 3 pixels a side
        x = functional.relu(last(x)).flatten(1)  # (B, 576)
        return functional.normalize(self.place(x), dim=1)
