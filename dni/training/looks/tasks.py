"""What each network is given and what it shall give back, for one batch of crops."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dni.training.looks.config import LookConfig
from dni.training.looks.filters import FILTERS
from dni.training.looks.jpeg import compress
from dni.training.looks.photograph_pool import PhotographPool

__all__ = ["add_noise", "draw_batch"]

# The ancestor sees half of its crops clean and the rest with noise up to this, in levels of 255. Were all of
# them clean, a correction of zero would be perfect, and descendants would start from random layers.
MAX_ANCESTOR_SIGMA = 10.0
# Side of the squares that JPEG with colours at half the resolution works on.
JPEG_SQUARE = 16


def draw_batch(
    config: LookConfig, pool: PhotographPool, generator: torch.Generator, decisions: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Inputs and targets, float32 (B, 3, crop_size, crop_size) in [0, 1] (noisy inputs may leave the range).

    Args:
        config: Whose task it is.
        pool: Photographs; a filter's pictures of them are made when they are first asked for.
        generator: Of crops and noise, on the pool's device.
        decisions: Of what is one for the whole batch.
    """
    size, batch_size = config.crop_size, config.batch_size
    if config.task == "filter":
        pool.add_target(config.subject, FILTERS[config.subject])
        return pool.sample(batch_size, size, generator, target=config.subject)
    if config.task == "jpeg":
        return draw_compressed(config, pool, generator, decisions)
    photographs, _ = pool.sample(batch_size, size, generator)
    if config.task == "noise":
        return add_noise(photographs, float(config.strength), generator), photographs
    if config.task == "photograph":
        drawn = torch.rand(batch_size, 1, 1, 1, generator=generator, device=photographs.device)
        sigma = MAX_ANCESTOR_SIGMA * (2 * drawn - 1).clamp_min(0)
        return add_noise(photographs, sigma, generator), photographs
    return photographs, photographs


def add_noise(images: Tensor, sigma: Tensor | float, generator: torch.Generator) -> Tensor:
    """Add Gaussian noise with a standard deviation in levels of 255; not clipped, as in DnCNN's paper."""
    noise = torch.empty_like(images).normal_(generator=generator)
    return images + noise * (sigma / 255)


def draw_compressed(
    config: LookConfig, pool: PhotographPool, generator: torch.Generator, decisions: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Crops that lie anywhere on JPEG's grid, as pictures do that were cropped after compression."""
    size = config.crop_size
    photographs, _ = pool.sample(config.batch_size, size + JPEG_SQUARE, generator)
    top, left = (int(offset) for offset in decisions.integers(JPEG_SQUARE, size=2))
    window = (..., slice(top, top + size), slice(left, left + size))
    compressed, photographs = (
        images[window].contiguous(memory_format=torch.channels_last)
        for images in (compress(photographs, config.strength), photographs)
    )
    return compressed, photographs
