"""Goals of auto-mix: what is made small, compared with the plain mix that it starts from.

Each goal is a pure function of pictures: the blend's output, the plain mix's and the reference, all float
(B, 3, H, W), RGB in about [0, 1]; it gives a scalar that gradients flow through to the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.metrics.distortion import luma
from dni.metrics.perceptual import perceptual_distance

__all__ = ["GOAL_NAMES", "Goal", "GoalName", "least_noise", "nearness", "perception_at_equal_psnr"]

GoalName = Literal["perceptual", "reference", "noise"]
GOAL_NAMES: tuple[GoalName, ...] = ("perceptual", "reference", "noise")
Goal = Callable[[Tensor, Tensor, Tensor], Tensor]

# What one percent more squared error weighs against one percent less perceptual distance: about the rate at
# which one is had for the other along the plain line of texture-x4-compact, so that moving all layers
# together gains nothing.
ERROR_PRICE = 1.5
# A loss of one percent of the edges, the steepest twentieth, weighs as much as ten percent of the noise.
EDGE_PRICE = 10.0
EDGES = 0.95
SMALLEST = 1e-8


def perception_at_equal_psnr(extractor: nn.Module) -> Goal:
    """Perceptual distance to the reference, and a price for squared error, as shares of the plain mix's."""

    def goal(output: Tensor, plain: Tensor, reference: Tensor) -> Tensor:
        with torch.no_grad():
            usual = perceptual_distance(extractor, plain, reference).clamp_min(SMALLEST)
        distance = perceptual_distance(extractor, output.clamp(0, 1), reference) / usual
        error = squared_error(output, reference) / squared_error(plain, reference).clamp_min(SMALLEST)
        return distance + ERROR_PRICE * (error - 1)

    return goal


def nearness(output: Tensor, plain: Tensor, reference: Tensor) -> Tensor:
    """Squared error to the reference, as a share of the plain mix's."""
    return squared_error(output, reference) / squared_error(plain, reference).clamp_min(SMALLEST)


def least_noise(output: Tensor, plain: Tensor, _: Tensor) -> Tensor:
    """Fine diagonal detail in the calm half of the picture; a price for edges weaker than the plain mix has.

    What is calm is told by the plain mix, from gradients at half its size, where little noise is left. The
    diagonal detail is that of :func:`dni.metrics.noise.noise_sigma`.
    """
    edges, usual = gradients(output), gradients(plain)
    calm = usual <= usual.flatten(1).median(dim=1).values[:, None, None, None]
    noise = (diagonal(output).abs() * calm).sum() / calm.sum()
    usual_noise = (diagonal(plain).abs() * calm).sum() / calm.sum()
    steep = usual >= usual.flatten(1).quantile(EDGES, dim=1)[:, None, None, None]
    kept = (edges * steep).sum() / (usual * steep).sum().clamp_min(SMALLEST)
    return noise / usual_noise.clamp_min(SMALLEST) + EDGE_PRICE * functional.relu(1 - kept)


def squared_error(output: Tensor, reference: Tensor) -> Tensor:
    """Of luma, the mean; what PSNR is made of."""
    return functional.mse_loss(luma(output.clamp(0, 1)), luma(reference.clamp(0, 1)))


def diagonal(picture: Tensor) -> Tensor:
    """Haar's finest diagonal coefficients of luma: (B, 1, H / 2, W / 2)."""
    y = luma(picture) / 255
    y = y[..., : y.shape[-2] // 2 * 2, : y.shape[-1] // 2 * 2]
    return (y[..., ::2, ::2] + y[..., 1::2, 1::2] - y[..., ::2, 1::2] - y[..., 1::2, ::2]) / 2


def gradients(picture: Tensor) -> Tensor:
    """The size of luma's gradient at half the size: (B, 1, H / 2, W / 2)."""
    half = functional.avg_pool2d(luma(picture) / 255, 2)
    across = functional.pad(half.diff(dim=-1), (0, 1, 0, 0), mode="replicate")
    down = functional.pad(half.diff(dim=-2), (0, 0, 0, 1), mode="replicate")
    return (across.square() + down.square() + SMALLEST).sqrt()
