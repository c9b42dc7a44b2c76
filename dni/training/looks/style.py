"""The losses that make a network paint: Gram matrices of a painting, and no lattice from the network's grid.

Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, and, for networks,
Johnson et al., "Perceptual Losses for Real-Time Style Transfer", ECCV 2016, https://arxiv.org/abs/1603.08155.
Each layer's distance is relative to the painting's own Gram matrix, so that no layer needs a weight of its
own. Gram matrices of a small classifier are met by a mesh of two narrow bands of frequencies as well as by
strokes; so the power spectrum shall be the painting's too, after Liu et al., "Texture Synthesis Through
Convolutional Neural Networks and Spectrum Constraints", ICPR 2016, https://arxiv.org/abs/1605.01141.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "MAX_OFFSET",
    "PaintingLoss",
    "PaintingWeights",
    "gram",
    "lattice_energy",
    "log_spectrum",
    "total_variation",
]

# Cut from pictures in all, so that the extractor's pools, which reduce by 16 after a reduction by 2, have no
# fixed place on the network's grid: in a fixed phase they print a lattice.
MAX_OFFSET = 32
SPECTRUM_WINDOW = 32
SPECTRUM_STRIDE = 16


def gram(features: Tensor) -> Tensor:
    """Mean products of channels over all positions; (B, C, H, W) to float32 (B, C, C)."""
    with torch.autocast(features.device.type, enabled=False):
        rows = features.float().flatten(2)
        return rows @ rows.transpose(1, 2) / rows.shape[2]


def total_variation(images: Tensor) -> Tensor:
    """Mean absolute difference of neighbours, down plus across; a scalar."""
    down = (images[..., 1:, :] - images[..., :-1, :]).abs().mean()
    across = (images[..., 1:] - images[..., :-1]).abs().mean()
    return down + across


def lattice_energy(images: Tensor, *, period: int = 8) -> Tensor:
    """How much of the fine detail is locked to a grid with this period; a scalar, near 0 for photographs.

    Detail that does not know of the grid has the same mean, the same power and the same correlation of
    neighbours at every phase of the grid. What is measured is how far each of these differs from phase to
    phase over the whole batch, as a share of the detail's power; the products of neighbours also catch a
    lattice whose sign changes from place to place.

    Args:
        images: Floating point (B, C, H, W), at least one period a side, each beginning at the grid's origin.
        period: In pixels; its divisors are covered too.
    """
    height, width = (length // period * period for length in images.shape[2:])
    images = images[..., :height, :width].float()
    detail = images - functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)
    detail = detail / (detail.square().mean(dim=(2, 3), keepdim=True) + 1e-6).sqrt()
    right, below = detail.roll(-1, dims=3), detail.roll(-1, dims=2)
    statistics = (detail, detail.square(), detail * right, detail * below)
    return torch.stack([between_phases(values, period).square().mean() for values in statistics]).sum()


def between_phases(values: Tensor, period: int) -> Tensor:
    """Means over all images and cells at each phase, less their mean; (B, C, H, W) to (C, period ** 2)."""
    batch, channels, height, width = values.shape
    cells = values.reshape(batch, channels, height // period, period, width // period, period)
    phases = cells.mean(dim=(0, 2, 4)).flatten(1)
    return phases - phases.mean(dim=1, keepdim=True)


def log_spectrum(images: Tensor) -> Tensor:
    """Logarithm of the grey values' mean power over windows and images; (B, 3, H, W) to (32, 17), float32.

    Each side must be at least 32. The power of an error of one 8-bit level is added.
    """
    grey = images.float().mean(dim=1)
    windows = grey.unfold(1, SPECTRUM_WINDOW, SPECTRUM_STRIDE).unfold(2, SPECTRUM_WINDOW, SPECTRUM_STRIDE)
    hann = torch.hann_window(SPECTRUM_WINDOW, device=images.device)
    taper = hann[:, None] * hann
    centred = windows - windows.mean(dim=(-2, -1), keepdim=True)
    power = torch.fft.rfft2(centred * taper).abs().square().mean(dim=(0, 1, 2))
    spectrum: Tensor = (power + taper.square().sum() / 255**2).log()
    return spectrum


@dataclass(frozen=True)
class PaintingWeights:
    """What each term counts; the style's is the sum over the layers."""

    style: float = 1.0
    content: float = 1.0
    variation: float = 0.02
    lattice: float = 10.0
    spectrum: float = 0.5


class PaintingLoss(nn.Module):
    """Distance of painted crops from a painting's manner and from their photographs' content.

    Args:
        extractor: A frozen network that gives a list of feature maps.
        painting: Float32 (1, 3, H, W) in [0, 1].
        weights: Of the terms.
        content_layer: Whose features shall be the photograph's.
        reduction: Pictures are reduced by this first, which makes strokes as much larger.
    """

    def __init__(
        self,
        extractor: nn.Module,
        painting: Tensor,
        *,
        weights: PaintingWeights,
        content_layer: int = 3,
        reduction: int = 2,
    ) -> None:
        super().__init__()
        self.extractor = extractor
        self.weights = weights
        self.content_layer = content_layer
        self.reduction = reduction
        with torch.no_grad():
            self.wanted = [gram(features) for features in extractor(painting)]
            self.spectrum = log_spectrum(painting)

    def forward(self, output: Tensor, photograph: Tensor, *, offset: tuple[int, int]) -> Tensor:
        """A scalar loss of float (B, 3, H, W) pictures in [0, 1].

        ``offset``, 0 to ``MAX_OFFSET``, is where the window begins that features are taken from.
        """
        reduced, reference = (self._reduce(images, offset) for images in (output, photograph))
        painted = self.extractor(reduced)
        with torch.no_grad():
            given = self.extractor(reference)[self.content_layer].float()
        style = torch.stack(
            [relative_distance(gram(ours), wanted) for ours, wanted in zip(painted, self.wanted, strict=True)]
        ).sum()
        content = relative_distance(painted[self.content_layer].float(), given)
        loss: Tensor = self.weights.style * style + self.weights.content * content
        loss = loss + self.weights.variation * total_variation(output)
        loss = loss + self.weights.lattice * lattice_energy(output)
        return loss + self.weights.spectrum * (log_spectrum(reduced) - self.spectrum).square().mean()

    def _reduce(self, images: Tensor, offset: tuple[int, int]) -> Tensor:
        top, left = offset
        bottom, right = images.shape[2] - MAX_OFFSET + top, images.shape[3] - MAX_OFFSET + left
        return functional.avg_pool2d(images[..., top:bottom, left:right], self.reduction)


def relative_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance over the squared length of what is wanted; a scalar, the mean over the batch."""
    distance = (found - wanted).square().flatten(1).sum(dim=1)
    return (distance / wanted.square().flatten(1).sum(dim=1)).mean()
