"""Energy of fine detail, by Fourier spectra of luma."""

from __future__ import annotations

import torch
from torch import Tensor

from dni.metrics.distortion import luma

__all__ = ["fine_energy", "fine_energy_map", "spectral_ratio"]


def fine_energy(image: Tensor) -> Tensor:
    """Spectral energy of luma above half the Nyquist frequency (radially, window: Hann)."""
    spectrum, fine = windowed_spectrum(image)
    energy: Tensor = spectrum.abs().square()[..., fine].sum()
    return energy


def fine_energy_map(image: Tensor) -> Tensor:
    """Where :func:`fine_energy` lies: (B, 3, H, W) to (B, 1, H, W), which sums to it (Parseval)."""
    spectrum, fine = windowed_spectrum(image)
    energy: Tensor = torch.fft.ifft2(spectrum * fine).abs().square() * fine.numel()
    return energy


def windowed_spectrum(image: Tensor) -> tuple[Tensor, Tensor]:
    """The spectrum of luma under a Hann window, (B, 1, H, W), and which frequencies are fine, (H, W)."""
    y = luma(image)
    height, width = y.shape[-2:]
    window = torch.hann_window(height, device=y.device)[:, None] * torch.hann_window(width, device=y.device)
    spectrum = torch.fft.fft2((y - y.mean(dim=(-2, -1), keepdim=True)) * window)
    rows = torch.fft.fftfreq(height, device=y.device)[:, None]
    columns = torch.fft.fftfreq(width, device=y.device)
    # Frequencies are in cycles per pixel, so Nyquist is 0.5 and half of it 0.25.
    return spectrum, torch.sqrt(rows.square() + columns.square()) > 0.25


def spectral_ratio(output: Tensor, reference: Tensor) -> float:
    """Energy of ``output`` above half the Nyquist frequency, divided by that of ``reference``.

    1 means as much fine texture as the true picture has; below it the output is too smooth.
    """
    if output.shape != reference.shape:
        raise ValueError(
            f"Expected two images of one shape, but got {tuple(output.shape)} and {tuple(reference.shape)}."
        )
    return float(fine_energy(output) / fine_energy(reference))
