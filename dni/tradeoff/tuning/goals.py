"""Goals of auto-mix: what is made small, compared with the plain mix that it starts from.

Each goal is a pure function of pictures: the blend's output, the plain mix's and the reference, all float
(B, 3, H, W), RGB in about [0, 1]; it gives a scalar that gradients flow through to the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.errors import DniError
from dni.metrics.distortion import luma
from dni.metrics.dists import dists_distance, load_efficientnet_lite
from dni.metrics.views import random_view

__all__ = ["GOAL_NAMES", "Goal", "GoalName", "least_noise", "make_goal", "nearness", "perceptual"]

GoalName = Literal["perceptual", "reference", "noise"]
GOAL_NAMES: tuple[GoalName, ...] = ("perceptual", "reference", "noise")
Goal = Callable[[Tensor, Tensor, Tensor], Tensor]

# A loss of one percent of the edges, the steepest twentieth, weighs as much as ten percent of the noise.
EDGE_PRICE = 10.0
EDGES = 0.95
SMALLEST = 1e-8


def make_goal(name: GoalName, *, seed: int = 0) -> Goal:
    """The goal of a name; the perceptual one draws views by the seed.

    Raises:
        DniError: The perceptual one needs a package of weights that is not installed.
    """
    if name == "reference":
        return nearness
    if name == "noise":
        return least_noise
    try:
        return perceptual(load_efficientnet_lite("lite0"), seed=seed)
    except FileNotFoundError as error:
        raise DniError(str(error)) from error


def perceptual(extractor: nn.Module, *, seed: int = 0) -> Goal:
    """Distance to the reference in structure and texture (:mod:`dni.metrics.dists`), of the plain mix's.

    Each time in a random view, the same for all three pictures, of at least 98x98 pixels.
    """
    generator = np.random.default_rng(seed)

    def goal(output: Tensor, plain: Tensor, reference: Tensor) -> Tensor:
        seed_of_view = int(generator.integers(2**31))

        def distance(picture: Tensor) -> Tensor:
            ours, theirs = random_view(picture.clamp(0, 1), reference, np.random.default_rng(seed_of_view))
            return dists_distance(extractor, ours, theirs).mean()

        with torch.no_grad():
            usual = distance(plain).clamp_min(SMALLEST)
        return distance(output) / usual

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
