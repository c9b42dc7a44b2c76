"""Slow local filters that networks learn to imitate: pencil, comic, neon.

Each is a pure function of a photograph, float (B, 3, H, W) with RGB in [0, 1], to a picture of the same
shape, dtype and range. Lengths are in pixels and were chosen for photographs of 500 to 1000 pixels; nothing
reaches further than the networks see (88 pixels).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from dni.training.restoration.data.flatten import guided_filter

__all__ = ["FILTERS", "comic", "gaussian_blur", "grey", "neon", "pencil", "xdog"]

LUMA_WEIGHTS = (0.299, 0.587, 0.114)
# Luma below which contrast counts as noise.
DARKNESS = 0.06


def grey(image: Tensor) -> Tensor:
    """BT.601 luma without offset: (B, 3, H, W) to (B, 1, H, W), both in [0, 1].

    Raises:
        ValueError: Another shape or dtype.
    """
    if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
        raise ValueError(
            f"Expected a float image of shape (B, 3, H, W), but got {image.dtype} of {tuple(image.shape)}."
        )
    weights = image.new_tensor(LUMA_WEIGHTS).view(1, 3, 1, 1)
    return (image * weights).sum(dim=1, keepdim=True)


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """Separable Gaussian, cut at four standard deviations, border pixels repeated; keeps (B, C, H, W)."""
    radius = max(1, math.ceil(4 * sigma))
    distance = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (distance / sigma).square())
    channels = image.shape[1]
    kernel = (kernel / kernel.sum()).expand(channels, 1, 1, -1)
    image = functional.pad(image, (radius,) * 4, mode="replicate")
    image = functional.conv2d(image, kernel, groups=channels)
    return functional.conv2d(image, kernel.transpose(2, 3), groups=channels)


def xdog(
    luma: Tensor,
    *,
    sigma: float = 1.2,
    sharpness: float = 20.0,
    threshold: float = 0.6,
    steepness: float = 3.0,
) -> Tensor:
    """Ink lines by the extended difference of Gaussians; (B, 1, H, W) to the same, 1 is paper and 0 ink.

    Winnemöller et al., "XDoG: An eXtended difference-of-Gaussians compendium", Computers & Graphics 2012,
    https://doi.org/10.1016/j.cag.2012.03.004, equations 7 and 8, the two Gaussians 1.6 apart. We divide by
    the coarse one, so that the threshold is one of contrast and dark regions are not filled with ink.
    """
    fine, coarse = gaussian_blur(luma, sigma), gaussian_blur(luma, 1.6 * sigma)
    sharpened = ((1 + sharpness) * fine - sharpness * coarse + DARKNESS) / (coarse + DARKNESS)
    return (1 + torch.tanh(steepness * (sharpened - threshold))).clamp(0, 1)


def soften_steps(luma: Tensor, *, num_steps: int, steepness: float) -> Tensor:
    """Brightness in ``num_steps`` steps with soft edges, after section 3.4 of Winnemöller et al., "Real-time
    video abstraction", SIGGRAPH 2006, https://doi.org/10.1145/1141911.1142018; keeps shape and [0, 1]."""
    scaled = luma * (num_steps - 1)
    nearest = scaled.round()
    offset = torch.tanh(steepness * (scaled - nearest)) / (2 * math.tanh(steepness / 2))
    return (nearest + offset) / (num_steps - 1)


def pencil(image: Tensor) -> Tensor:
    """A pencil drawing on warm paper: the luma dodged by its blurred self, and some of the shade."""
    luma = grey(image)
    lines = [(luma + 0.02) / (gaussian_blur(luma, sigma) + 0.02) for sigma in (2.0, 8.0)]
    strokes = torch.minimum(*lines).clamp(0, 1).pow(2.2)
    shade = 0.72 + 0.28 * gaussian_blur(luma, 2.0).clamp(0, 1).pow(0.7)
    paper = image.new_tensor((0.99, 0.975, 0.94)).view(1, 3, 1, 1)
    graphite = image.new_tensor((0.17, 0.17, 0.19)).view(1, 3, 1, 1)
    return graphite + (paper - graphite) * (strokes * shade)


def comic(image: Tensor) -> Tensor:
    """A printed comic: flat colours in five steps of brightness, strong saturation, ink lines."""
    smooth = image
    for _ in range(3):
        smooth = guided_filter(smooth, radius=6, epsilon=0.006)
    luma = grey(smooth)
    stepped = soften_steps(luma, num_steps=5, steepness=5.0)
    colours = stepped + 1.6 * (smooth - luma)
    return colours.clamp(0, 1) * xdog(grey(guided_filter(image, radius=3, epsilon=0.002)))


def neon(image: Tensor) -> Tensor:
    """Glowing tubes along the edges, in the photograph's hues, on a night-blue ground."""
    smooth = gaussian_blur(guided_filter(image, radius=3, epsilon=0.004), 1.2)
    edges = gradient_magnitude(smooth).amax(dim=1, keepdim=True)
    tubes = (edges / (edges + 0.10)).pow(1.7) * 1.6
    hue = vivid(gaussian_blur(image, 2.0))
    light = tubes * hue
    glow = light + 0.9 * gaussian_blur(light, 3.0) + 0.7 * gaussian_blur(light, 10.0)
    white_core = 0.5 * tubes.pow(3)
    night = image.new_tensor((0.02, 0.02, 0.07)).view(1, 3, 1, 1) + 0.06 * grey(image)
    return 1 - torch.exp(-(night + 1.3 * glow + white_core))


def gradient_magnitude(image: Tensor) -> Tensor:
    """Length of each channel's gradient by Sobel's operator, 1 at a step of 1; keeps the shape."""
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    rows = (padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]) / 4
    columns = (padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]) / 4
    across = rows[..., 2:] - rows[..., :-2]
    down = columns[..., 2:, :] - columns[..., :-2, :]
    return (across.square() + down.square()).sqrt()


def vivid(image: Tensor) -> Tensor:
    """The hue at full brightness and saturation, grey turning to cyan-blue; keeps shape and [0, 1]."""
    low, high = image.amin(dim=1, keepdim=True), image.amax(dim=1, keepdim=True)
    chroma = high - low
    pure = (image - low) / (chroma + 1e-4)
    cool = image.new_tensor((0.15, 0.65, 1.0)).view(1, 3, 1, 1)
    share = (chroma / 0.12).clamp(0, 1)
    return cool + share * (pure - cool)


FILTERS: dict[str, Callable[[Tensor], Tensor]] = {"pencil": pencil, "comic": comic, "neon": neon}
