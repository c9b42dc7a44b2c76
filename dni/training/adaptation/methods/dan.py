"""DAN: deep adaptation networks, multi-kernel MMD on several layers at once.

Long et al., "Learning Transferable Features with Deep Adaptation Networks", ICML 2015,
https://arxiv.org/abs/1502.02791: the squared MMD under several Gaussian kernels, summed over layers. The
paper aligns its last layers, the fully connected ones, outputs included. We deviate: that is one candidate;
others align the convolutions' features too, since MNIST-M differs from MNIST where the first layers look.
"""

from __future__ import annotations

from torch import Tensor

from dni.training.adaptation.losses import multi_kernel_mmd
from dni.training.adaptation.methods.aligning import AligningMethod
from dni.training.adaptation.methods.base import Setting

__all__ = ["Dan"]


class Dan(AligningMethod):
    id = "dan"
    loss_name = "mmd"
    is_scale_free = True  # the kernels are as wide as the median distance
    candidates = tuple(
        Setting(weight, ("features", "fc1", "fc2")) for weight in (1.0, 3.0, 10.0, 30.0, 100.0)
    )

    def distance(self, source: Tensor, target: Tensor) -> Tensor:
        return multi_kernel_mmd(source, target)
