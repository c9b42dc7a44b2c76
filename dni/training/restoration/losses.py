"""Relativistic adversarial losses (ESRGAN), and two losses against lattice artefacts.

Relativistic average GAN: Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019,
https://arxiv.org/abs/1807.00734, as used by ESRGAN (Wang et al., 2018). The discriminator tells whether a
real patch looks more real than the generated ones do on average.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "lattice_loss",
    "relativistic_discriminator_loss",
    "relativistic_generator_loss",
    "spectrum_loss",
]

SPECTRUM_WINDOW = 64
# Where the lattice of an enlargement by four has its peaks, each with its neighbours, counts this much more.
LATTICE_PERIOD = 4
LATTICE_WEIGHT = 20.0
SPECTRUM_STRIDE = 24
# Side of the windows in which a lattice is looked for, in pixels of the input, and their stride.
LATTICE_WINDOW = 8
LATTICE_STRIDE = 4
# The power of an error of one 8-bit level.
SPECTRUM_FLOOR = (1 / 255) ** 2


def _relativistic_loss(raised: Tensor, lowered: Tensor) -> Tensor:
    """Cross-entropy that wants ``raised`` above the mean of ``lowered`` and the other way round."""
    above = functional.binary_cross_entropy_with_logits(raised - lowered.mean(), torch.ones_like(raised))
    below = functional.binary_cross_entropy_with_logits(lowered - raised.mean(), torch.zeros_like(lowered))
    return (above + below) / 2


def relativistic_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Logits (B, 1) of real and generated patches to a scalar; small when real > fake."""
    return _relativistic_loss(real, fake)


def relativistic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Logits (B, 1) to a scalar; small when fake > real. ``real`` carries no gradient to the generator."""
    return _relativistic_loss(fake, real.detach())


def spectrum_loss(output: Tensor, target: Tensor, *, power: float = 1.0) -> Tensor:
    """How far the power spectra of the grey values are apart; a scalar, 0 for equal spectra.

    A generator without a noise input makes texture out of smooth input by treating the pixels of its
    upscaling grid differently, which shows as a lattice: sharp peaks on the axes of the spectrum that no
    photograph has. After Durall et al., "Watch your Up-Convolution", CVPR 2020,
    https://arxiv.org/abs/2003.01826, but on the whole plane of frequencies instead of its radial mean, as
    the lattice has directions, and of windows instead of pictures. The loss is the mean squared difference
    of the logarithms, over the frequencies above a quarter of Nyquist's; those of the lattice itself, which
    are few, have more weight.

    Args:
        output: Floating point (B, 3, H, W), RGB in [0, 1], at least 64x64.
        target: Of the same shape.
        power: The share of the target's power that is wanted.
    """
    ours, theirs = _power_spectrum(output), power * _power_spectrum(target)
    weights = _frequency_weights(output.device)
    return ((ours.log() - theirs.log()).square() * weights).mean(dim=0).sum() / weights.sum()


def lattice_loss(output: Tensor, target: Tensor, *, scale: int) -> Tensor:
    """How much the sub-pixels of an enlargement differ from each other where the truth's do not; a scalar.

    Every pixel of the input becomes ``scale`` times ``scale`` of the output, each from channels of its own.
    Where their mean errors differ over a whole neighbourhood, the eye sees a lattice (Odena et al.,
    "Deconvolution and Checkerboard Artifacts", Distill 2016, https://doi.org/10.23915/distill.00003). The
    loss is the variance over the sub-pixels of the error's mean over windows of 8x8 pixels of the input, in
    squared 8-bit levels. Texture has random signs and hardly counts.

    Args:
        output: Floating point (B, 3, H, W), RGB in [0, 1], at least ``8 * scale`` a side, which ``scale``
            divides.
        target: Of the same shape.
        scale: How many times the network enlarges.
    """
    error = functional.pixel_unshuffle(255 * (output - target), scale)  # (B, 3 * scale**2, h, w)
    means = functional.avg_pool2d(error, LATTICE_WINDOW, LATTICE_STRIDE)
    sub_pixels = means.reshape(len(means), 3, scale**2, -1)
    return sub_pixels.var(dim=2, correction=0).mean()


def _power_spectrum(images: Tensor) -> Tensor:
    """(B, 3, H, W) to (B, 64, 33), averaged over overlapping windows; at least that of rounding to 8 bits."""
    size = SPECTRUM_WINDOW
    grey = images.mean(dim=1)
    windows = grey.unfold(1, size, SPECTRUM_STRIDE).unfold(2, size, SPECTRUM_STRIDE)  # (B, y, x, 64, 64)
    hann = torch.hann_window(size, device=images.device)
    taper = hann[:, None] * hann
    centred = windows - windows.mean(dim=(-2, -1), keepdim=True)
    power = torch.fft.rfft2(centred * taper).abs().square().mean(dim=(1, 2))
    floored: Tensor = power + SPECTRUM_FLOOR * taper.square().sum()
    return floored


def _frequency_weights(device: torch.device) -> Tensor:
    """What every frequency of (64, 33) counts: 0 for the coarse ones."""
    rows = torch.fft.fftfreq(SPECTRUM_WINDOW, device=device)[:, None]  # in cycles a pixel; Nyquist is 0.5
    columns = torch.fft.rfftfreq(SPECTRUM_WINDOW, device=device)
    fine = torch.sqrt(rows.square() + columns.square()) > 0.125

    def near_peak(frequencies: Tensor) -> Tensor:
        harmonics = (frequencies * LATTICE_PERIOD).round() / LATTICE_PERIOD
        return (frequencies - harmonics).abs() < 1.5 / SPECTRUM_WINDOW

    return fine * (1 + (LATTICE_WEIGHT - 1) * (near_peak(rows) & near_peak(columns)))
