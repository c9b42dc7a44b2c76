"""Second-order degradations: photographs as people have them: small, soft, noisy, compressed more than once.

Real-ESRGAN's model (Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic
Data", ICCV Workshops 2021, https://arxiv.org/abs/2107.10833): blur, resize, noise and JPEG, done twice, and
at the end the ringing of a sharp filter before or after the last JPEG. Ours are milder than theirs: a small
network that is asked to take out the strongest takes out texture with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import fftconvolve
from torch import Tensor
from torch.nn import functional

from dni.training.restoration.data.degradations import add_noise, compress_anywhere, jpeg_offset

__all__ = ["blur_kernel", "degrade_twice", "sinc_kernel"]

KERNEL_SIDE = 15
MODES = ("area", "bilinear", "bicubic")
# Of the last filter's cut-off, in radians a pixel: Real-ESRGAN's.
CUTOFFS = (math.pi / 3, math.pi)
RINGING_SHARE = 0.5
QUALITIES = (35, 95)
# Standard deviations of noise in levels of 255; of two photographs in five it is the same for all channels.
SIGMAS = (0.0, 15.0)
GREY_SHARE = 0.4


@dataclass(frozen=True)
class Pass:
    """How strong one round of blur, resizing, noise and JPEG is.

    Attributes:
        blur_share: How often there is blur.
        blur: Smallest and largest standard deviation along its axes, in pixels.
        enlarged, reduced: How often the picture is resized in this way; else it keeps its size.
        factors: The smallest and the largest factor.
    """

    blur_share: float
    blur: tuple[float, float]
    enlarged: float
    reduced: float
    factors: tuple[float, float]


FIRST = Pass(blur_share=1.0, blur=(0.2, 2.5), enlarged=0.2, reduced=0.7, factors=(0.3, 1.5))
SECOND = Pass(blur_share=0.6, blur=(0.2, 1.2), enlarged=0.3, reduced=0.4, factors=(0.5, 1.2))


def blur_kernel(width: float, height: float, angle: float) -> Tensor:
    """A Gaussian with these standard deviations (pixels) along axes turned by an angle (radians).

    Returns:
        float32 (15, 15), with sum 1.
    """
    axis = torch.arange(KERNEL_SIDE, dtype=torch.float64) - KERNEL_SIDE // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    kernel = torch.exp(-0.5 * ((along / width) ** 2 + (across / height) ** 2))
    return (kernel / kernel.sum()).float()


def sinc_kernel(cutoff: float) -> Tensor:
    """The middle of the ideal circular low-pass filter with a cut-off in (0, pi] radians a pixel: it rings.

    Returns:
        float32 (15, 15), with sum 1.
    """
    axis = torch.arange(KERNEL_SIDE, dtype=torch.float64) - KERNEL_SIDE // 2
    radius = torch.hypot(*torch.meshgrid(axis, axis, indexing="ij"))
    kernel: Tensor = cutoff * torch.special.bessel_j1(cutoff * radius) / (2 * math.pi * radius)
    kernel[radius == 0] = cutoff**2 / (4 * math.pi)
    return (kernel / kernel.sum()).float()


def filtered(picture: Tensor, kernel: Tensor) -> Tensor:
    """Filter every channel of float32 (3, H, W) with a kernel; the border is mirrored."""
    margin = KERNEL_SIDE // 2
    padded = functional.pad(picture[None], [margin] * 4, mode="reflect")[0]
    return torch.from_numpy(fftconvolve(padded.numpy(), kernel[None].numpy(), mode="valid", axes=(1, 2)))


def resized(picture: Tensor, size: tuple[int, int], generator: np.random.Generator) -> Tensor:
    """Resize float32 (3, H, W) to a height and width, in a way drawn at random."""
    mode = MODES[generator.integers(len(MODES))]
    smooth = {} if mode == "area" else {"antialias": True}
    return functional.interpolate(picture[None], size=size, mode=mode, **smooth)[0]


def to_levels(picture: Tensor) -> Tensor:
    return picture.round().clamp(0, 255).to(torch.uint8)


def degrade_twice(photograph: Tensor, size: tuple[int, int], generator: np.random.Generator) -> Tensor:
    """A photograph as it might have come over the internet.

    Args:
        photograph: uint8 (3, H, W), at least 32 pixels a side.
        size: Height and width of the result.
        generator: Decides on everything.

    Returns:
        uint8 (3, *size).
    """
    once = one_pass(photograph, photograph.shape[-2:], FIRST, generator)
    once = compressed(once, generator)
    twice = one_pass(once, size, SECOND, generator)
    steps: list[Callable[[Tensor], Tensor]] = [
        lambda picture: rung(resized(picture.float(), size, generator), generator),
        lambda picture: compressed(picture, generator),
    ]
    for step in steps if generator.random() < 0.5 else steps[::-1]:
        twice = step(twice)
    return twice


def one_pass(
    picture: Tensor, size: tuple[int, ...], strength: Pass, generator: np.random.Generator
) -> Tensor:
    """Blur, a resize to some factor of ``size``, and noise; uint8 (3, h, w) in and out."""
    soft = picture.float()
    if generator.random() < strength.blur_share:
        width, height = generator.uniform(*strength.blur, size=2)
        soft = filtered(soft, blur_kernel(width, height, generator.uniform(0, math.pi)))
    factor, chance = 1.0, generator.random()
    if chance < strength.enlarged:
        factor = generator.uniform(1, strength.factors[1])
    elif chance < strength.enlarged + strength.reduced:
        factor = generator.uniform(strength.factors[0], 1)
    # JPEG and the filters need a few pixels.
    height, width = (max(KERNEL_SIDE + 1, round(factor * side)) for side in size[-2:])
    soft = to_levels(resized(soft, (height, width), generator))
    sigma = generator.uniform(*SIGMAS)
    return add_noise(soft, sigma, generator, grey=bool(generator.random() < GREY_SHARE))


def rung(picture: Tensor, generator: np.random.Generator) -> Tensor:
    """In one case of two filter float32 (3, H, W) sharply; gives uint8."""
    if generator.random() < RINGING_SHARE:
        picture = filtered(picture, sinc_kernel(generator.uniform(*CUTOFFS)))
    return to_levels(picture)


def compressed(picture: Tensor, generator: np.random.Generator) -> Tensor:
    """JPEG of quality 35 to 95, its grid anywhere; uint8 (3, H, W) in and out."""
    quality = int(generator.integers(QUALITIES[0], QUALITIES[1] + 1))
    return compress_anywhere(picture, quality, jpeg_offset(generator))
