"""Distortion of a restored picture: PSNR and SSIM on luma.

All functions take float tensors (B, 3, H, W), RGB in [0, 1], and follow the super-resolution literature:
luma of BT.601 as MATLAB's ``rgb2ycbcr`` computes it, and a border of ``scale`` pixels left out.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["luma", "psnr_y", "quantize", "ssim_y"]

LUMA_WEIGHTS = (65.481, 128.553, 24.966)
LUMA_OFFSET = 16.0
LUMA_PEAK = 255.0
SSIM_WINDOW = 11


def quantize(rgb: Tensor) -> Tensor:
    """Round to the 256 levels that a picture file holds; stays float in [0, 1]."""
    return (rgb.clamp(0, 1) * 255).round() / 255


def luma(rgb: Tensor) -> Tensor:
    """BT.601 luma: (B, 3, H, W) in [0, 1] to (B, 1, H, W) in [16, 235], at least float32."""
    if rgb.ndim != 4 or rgb.shape[1] != 3:
        raise ValueError(f"Expected RGB of shape (B, 3, H, W), but got {tuple(rgb.shape)}.")
    rgb = rgb.to(torch.promote_types(rgb.dtype, torch.float32))
    weights = rgb.new_tensor(LUMA_WEIGHTS).view(1, 3, 1, 1)
    weighted: Tensor = rgb * weights
    return weighted.sum(dim=1, keepdim=True) + LUMA_OFFSET


def crop_border(image: Tensor, border: int) -> Tensor:
    height, width = image.shape[-2:]
    if min(height, width) <= 2 * border:
        raise ValueError(f"Expected an image larger than its border of {border}, but got {height}x{width}.")
    return image[..., border : height - border, border : width - border]


def _luma_pair(output: Tensor, reference: Tensor, border: int) -> tuple[Tensor, Tensor]:
    if output.shape != reference.shape:
        raise ValueError(
            f"Expected two images of one shape, but got {tuple(output.shape)} and {tuple(reference.shape)}."
        )
    return crop_border(luma(output), border), crop_border(luma(reference), border)


def psnr_y(output: Tensor, reference: Tensor, *, border: int = 4) -> float:
    """Peak signal-to-noise ratio of the luma, in dB, with peak 255; ``inf`` for equal images."""
    ours, theirs = _luma_pair(output, reference, border)
    error = (ours - theirs).square().mean()
    return float(10 * torch.log10(LUMA_PEAK**2 / error))


def ssim_y(output: Tensor, reference: Tensor, *, border: int = 4) -> float:
    """Structural similarity of the luma: the mean over all whole windows, in float64.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 2004,
    https://doi.org/10.1109/TIP.2003.819861: 11x11 Gaussian windows with a sigma of 1.5.
    """
    # Here, because its import takes a second that only those who measure need.
    from torchmetrics.functional.image import structural_similarity_index_measure

    ours, theirs = _luma_pair(output, reference, border)
    if min(ours.shape[-2:]) < SSIM_WINDOW:
        raise ValueError(
            f"Expected at least 11x11 pixels inside the border, but got {tuple(ours.shape[-2:])}."
        )
    _, quality = structural_similarity_index_measure(
        ours.double(), theirs.double(), sigma=1.5, data_range=LUMA_PEAK, return_full_image=True
    )
    # torchmetrics averages over reflected borders too; the paper uses whole windows only.
    half = SSIM_WINDOW // 2
    return float(quality[..., half:-half, half:-half].mean())
