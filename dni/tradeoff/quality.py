"""Quality measures of a picture along a blend, with a reference and without one.

All pictures are float tensors (1, 3, H, W), RGB in [0, 1]; all measures are finite numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from dni.metrics.distortion import luma, psnr_y, ssim_y
from dni.metrics.perceptual import perceptual_distance
from dni.metrics.spectra import fine_energy, spectral_ratio
from dni.pictures.resize import reduce_bicubic

__all__ = ["MEASURES", "Measure", "against_reference", "without_reference"]

# Equal pictures have no finite PSNR, which no chart can show; 8-bit pictures that differ hardly get this far.
BEST_PSNR = 100.0
# A flat picture has no texture to divide by: ratios are kept between 2**-10 and 2**10.
MOST_DOUBLINGS = 10.0


@dataclass(frozen=True)
class Measure:
    """One measure, for charts and sentences.

    Attributes:
        name: A few plain words.
        detail: What exactly, to follow the name.
        unit: Its unit, or "".
        better: Which way is better; "one" means the nearer to 1 the better.
        visible: A difference below this is too small to choose by.
    """

    name: str
    detail: str
    unit: str
    better: Literal["higher", "lower", "one"]
    visible: float

    def badness(self, value: float) -> float:
        """The same with less being better."""
        if self.better == "one":
            return abs(value - 1)
        return value if self.better == "lower" else -value


MEASURES = {
    "psnr_y": Measure("PSNR", "closeness to the reference", "dB", "higher", 0.05),
    "ssim_y": Measure("SSIM", "structure in common with the reference", "", "higher", 0.002),
    "spectral_ratio": Measure("fine texture", "as a share of the reference's", "", "one", 0.02),
    "texture_error": Measure("amount of texture", "how many doublings off", "doublings", "lower", 0.02),
    "perceptual_distance": Measure("perceptual distance", "to the reference", "", "lower", 0.002),
    "consistency": Measure(
        "faithfulness to the input", "PSNR of the result reduced again", "dB", "higher", 0.05
    ),
    "change": Measure("change from the first end", "root mean square", "levels of 255", "lower", 0.1),
    "fine_share": Measure("fine texture", "as a share of all contrast", "", "higher", 0.001),
}


def against_reference(
    output: Tensor, reference: Tensor, *, border: int, extractor: nn.Module | None
) -> dict[str, float]:
    """PSNR, SSIM, texture and, with an extractor, perceptual distance; names as in ``MEASURES``.

    Args:
        output: The picture to measure.
        reference: The true one, of the same shape.
        border: Pixels left out on every side for PSNR and SSIM.
        extractor: See :func:`dni.metrics.perceptual.load_extractor`.
    """
    ratio = bounded_ratio(output, reference)
    measures = {
        "psnr_y": min(BEST_PSNR, psnr_y(output, reference, border=border)),
        "ssim_y": ssim_y(output, reference, border=border),
        "spectral_ratio": ratio,
        "texture_error": abs(math.log2(ratio)),
    }
    if extractor is not None:
        with torch.inference_mode():
            measures["perceptual_distance"] = float(perceptual_distance(extractor, output, reference))
    return measures


def without_reference(output: Tensor, *, first: Tensor, given: Tensor) -> dict[str, float]:
    """Proxies; names as in ``MEASURES``.

    Args:
        output: The picture to measure.
        first: The first end's picture, of the same shape.
        given: What the network was given, (1, 3, h, w). Whatever else is true, a good result reduced to
            this size should give it back.
    """
    reduced = reduce_bicubic(output, output.shape[-1] // given.shape[-1])
    return {
        "consistency": min(BEST_PSNR, psnr_y(reduced, given, border=0)),
        "change": float((output - first).square().mean().sqrt()) * 255,
        "fine_share": fine_share(output),
    }


def bounded_ratio(output: Tensor, reference: Tensor) -> float:
    ratio = spectral_ratio(output, reference)
    if math.isnan(ratio):  # neither has any texture
        return 1.0
    return min(max(ratio, 2**-MOST_DOUBLINGS), 2**MOST_DOUBLINGS)


def fine_share(image: Tensor) -> float:
    """Energy of luma above half the Nyquist frequency, divided by that of all frequencies; 0 if flat.

    The whole energy is that of the windowed picture (Parseval), so that both have one window.
    """
    image = image.double()  # so that a flat picture is exactly flat
    y = luma(image)
    height, width = y.shape[-2:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    whole = float(((y - y.mean()) * window).square().sum()) * height * width
    return float(fine_energy(image)) / whole if whole > 0 else 0.0
