"""Metrics against scikit-image, torchmetrics and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cases import case
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from dni.metrics.distortion import luma, psnr_y, quantize, ssim_y
from dni.metrics.spectra import fine_energy, fine_energy_map, spectral_ratio

BORDER = 4


def pair(height: int = 48, width: int = 61) -> tuple[torch.Tensor, torch.Tensor]:
    """A picture with structure, and a noisy copy of it."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 8, 8, generator=generator)
    reference = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    noise = torch.randn(1, 3, height, width, generator=generator)
    return (reference + 0.05 * noise).clamp(0, 1), reference


def luma_by_skimage(rgb: torch.Tensor) -> np.ndarray:
    return rgb2ycbcr(rgb[0].permute(1, 2, 0).double().numpy())[..., 0]


def wave(frequency: float, amplitude: float) -> torch.Tensor:
    """Grey stripes of so many cycles per pixel, (1, 3, 64, 64)."""
    columns = amplitude * torch.sin(2 * math.pi * frequency * torch.arange(64.0))
    return (0.5 + columns).expand(1, 3, 64, 64)


def test_luma_agrees_with_skimage() -> None:
    rgb, _ = pair()
    assert np.abs(luma(rgb)[0, 0].numpy() - luma_by_skimage(rgb)).max() < 1e-3
    assert luma(rgb.bfloat16()).dtype == torch.float32
    with pytest.raises(ValueError, match=r"Expected RGB of shape \(B, 3, H, W\), but got \(1, 1, 4, 4\)"):
        luma(torch.zeros(1, 1, 4, 4))


def test_psnr_agrees_with_skimage() -> None:
    output, reference = pair()
    ours, theirs = (luma_by_skimage(image)[BORDER:-BORDER, BORDER:-BORDER] for image in (output, reference))
    assert psnr_y(output, reference) == pytest.approx(
        peak_signal_noise_ratio(theirs, ours, data_range=255), abs=1e-3
    )
    assert psnr_y(reference, reference) == math.inf


def test_psnr_leaves_the_border_out() -> None:
    output, reference = pair()
    degraded = output.clone()
    degraded[..., :BORDER, :] = 0
    degraded[..., -BORDER:] = 1
    assert psnr_y(degraded, reference) == psnr_y(output, reference)
    assert psnr_y(degraded, reference, border=0) < psnr_y(output, reference, border=0) - 5


def test_ssim_agrees_with_skimage() -> None:
    output, reference = pair()
    ours, theirs = (luma_by_skimage(image)[BORDER:-BORDER, BORDER:-BORDER] for image in (output, reference))
    expected = structural_similarity(
        ours, theirs, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert 0.3 < expected < 0.95
    assert ssim_y(output, reference) == pytest.approx(expected, abs=2e-4)
    assert ssim_y(reference, reference) == pytest.approx(1, abs=1e-6)


def test_ssim_agrees_with_torchmetrics() -> None:
    """Over whole windows: torchmetrics reflects the picture at its borders, which are left out here."""
    for height, width in [(48, 61), (19, 35), (120, 90)]:
        with case(height, width):
            output, reference = pair(height, width)
            ours, theirs = (
                luma(image)[..., BORDER:-BORDER, BORDER:-BORDER].double() for image in (output, reference)
            )
            _, everywhere = structural_similarity_index_measure(
                ours, theirs, sigma=1.5, data_range=255, return_full_image=True
            )
            assert ssim_y(output, reference) == pytest.approx(
                float(everywhere[..., 5:-5, 5:-5].mean()), abs=1e-9
            )


def test_ssim_of_flat_pictures_is_that_of_their_means() -> None:
    dark, light = torch.full((1, 3, 24, 24), 0.25), torch.full((1, 3, 24, 24), 0.75)
    one, other = (float(luma(image)[0, 0, 0, 0]) for image in (dark, light))
    constant = (0.01 * 255) ** 2
    expected = (2 * one * other + constant) / (one**2 + other**2 + constant)
    assert ssim_y(dark, light) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ValueError, match=r"at least 11x11 pixels inside the border, but got \(10, 16\)"):
        ssim_y(dark[..., :18, :], light[..., :18, :])


def test_shapes_must_agree() -> None:
    for metric in [psnr_y, ssim_y, spectral_ratio]:
        with (
            case(metric),
            pytest.raises(ValueError, match=r"one shape, but got \(1, 3, 16, 16\) and \(1, 3, 16, 17\)"),
        ):
            metric(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 17))


def test_an_image_within_its_border_is_an_error() -> None:
    with pytest.raises(ValueError, match="larger than its border of 4, but got 8x20"):
        psnr_y(torch.rand(1, 3, 8, 20), torch.rand(1, 3, 8, 20))


def test_spectral_ratio_of_equal_and_of_smooth_pictures() -> None:
    output, reference = pair()
    assert spectral_ratio(output, output) == 1
    smooth = torch.nn.functional.avg_pool2d(output, 9, stride=1, padding=4, count_include_pad=False)
    assert spectral_ratio(smooth, output) < 0.02
    assert spectral_ratio(output, reference) > 10


def test_spectral_ratio_of_waves() -> None:
    fine, finer_half = wave(0.375, 0.2), wave(0.4375, 0.1)
    assert spectral_ratio(finer_half, fine) == pytest.approx(0.25, rel=1e-3)
    coarse = wave(0.125, 0.3) - 0.5
    assert spectral_ratio(fine + coarse, fine) == pytest.approx(1, rel=1e-3)
    assert spectral_ratio(fine.transpose(2, 3), fine) == pytest.approx(1, rel=1e-3)


def test_fine_energy_lies_where_the_waves_are() -> None:
    """Fine waves on the left, coarse ones on the right."""
    image = torch.cat((wave(0.375, 0.2), wave(0.0625, 0.2)), dim=-1)  # (1, 3, 64, 128)
    found = fine_energy_map(image)
    assert found.shape == (1, 1, 64, 128)
    assert float(found.sum()) == pytest.approx(float(fine_energy(image)), rel=1e-5)
    assert float(found[..., :60].sum()) > 50 * float(found[..., 68:].sum())


def test_quantize_gives_the_levels_of_a_file() -> None:
    values = torch.tensor([-0.5, 0.0, 0.5 / 255 + 1e-4, 0.5, 1.0, 1.5])
    assert (quantize(values) * 255).tolist() == pytest.approx([0, 0, 1, 128, 255, 255], abs=1e-4)
