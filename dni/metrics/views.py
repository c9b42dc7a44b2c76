"""Random views of pictures, for losses by small feature extractors, which one fixed view lets be fooled."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn import functional

__all__ = ["LARGEST_SHIFT", "random_view"]

# How much a view may be shifted, in pixels, and scaled.
LARGEST_SHIFT = 24
SCALES = (0.75, 1.25)


def random_view(output: Tensor, target: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Both pictures shifted, half of the time scaled, and half of the time transposed, in the same way.

    A single small extractor is easily fooled: what a generator prints on its own grid of pixels may look like
    texture to strides that always meet that grid in one phase and at one size.

    Args:
        output: Floating point (B, 3, N, N), RGB in [0, 1], more than 24 pixels a side.
        target: Of the same shape.
        generator: Decides.
    """
    size = output.shape[-1]
    crop = int(generator.integers(size - LARGEST_SHIFT, size + 1))
    top, left = generator.integers(size - crop + 1, size=2)
    views = [image[..., top : top + crop, left : left + crop] for image in (output, target)]
    scale = float(generator.uniform(*SCALES))
    if generator.random() < 0.5:
        views = [
            functional.interpolate(view, scale_factor=scale, mode="bicubic", antialias=True).clamp(0, 1)
            for view in views
        ]
    if generator.random() < 0.5:
        views = [view.transpose(2, 3) for view in views]
    return views[0], views[1]
