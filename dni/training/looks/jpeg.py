"""JPEG's loss as arithmetic on batches, for training where a file for every patch would be too slow.

Baseline JPEG with libjpeg's tables, colours at half the resolution (4:2:0) and their bilinear enlargement;
Wallace, "The JPEG still picture compression standard", CACM 1991, https://doi.org/10.1145/103085.103089.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from dni.pictures.codecs.jpeg_quality import LUMA_TABLE, percent_of

__all__ = ["compress", "quantisation_tables"]

BLOCK = 8
SQUARE = 2 * BLOCK
# Annex K of the standard, row by row.
CHROMA_TABLE = (
    (17, 18, 24, 47, 99, 99, 99, 99), (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99), (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)  # fmt: skip
TO_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def quantisation_tables(quality: int) -> tuple[Tensor, Tensor]:
    """libjpeg's (8, 8) tables of luma and chroma for a quality of 1 to 100, float32.

    Raises:
        ValueError: Another quality.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"Expected a JPEG quality of 1 to 100, but got {quality}.")
    percent = percent_of(quality)
    luma, chroma = (
        torch.div(torch.tensor(table) * percent + 50, 100, rounding_mode="floor").clamp(1, 255).float()
        for table in (LUMA_TABLE, CHROMA_TABLE)
    )
    return luma, chroma


def compress(images: Tensor, quality: int) -> Tensor:
    """What a JPEG file of this quality keeps of each image.

    Args:
        images: Float32 (B, 3, H, W), RGB in [0, 1], H and W multiples of 16.
        quality: As libjpeg and Pillow count it.

    Returns:
        The same shape, multiples of 1/255; without a gradient.

    Raises:
        ValueError: Another shape or quality.
    """
    if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] % SQUARE or images.shape[3] % SQUARE:
        raise ValueError(
            f"Expected images of shape (B, 3, H, W), H and W multiples of 16, but got {tuple(images.shape)}."
        )
    tables = [table.to(images.device) for table in quantisation_tables(quality)]
    with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
        planes = mix_channels((images.float() * 255).round(), TO_YCBCR).round()  # chroma around 0
        luma = through_dct(planes[:, :1] - 128, tables[0]) + 128
        chroma = through_dct(functional.avg_pool2d(planes[:, 1:], 2).round(), tables[1])
        chroma = functional.interpolate(chroma, scale_factor=2.0, mode="bilinear")
        rgb = mix_channels(torch.cat((luma, chroma), dim=1), TO_RGB)
        return rgb.round().clamp(0, 255) / 255


def mix_channels(images: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """A colour matrix at every pixel; (B, 3, H, W) to the same."""
    return torch.einsum("ij,bjhw->bihw", images.new_tensor(matrix), images)


def through_dct(planes: Tensor, table: Tensor) -> Tensor:
    """Quantise the cosine transform of every 8x8 block; levels around 0, (B, C, H, W) to the same."""
    batch, channels, height, width = planes.shape
    basis = dct_basis().to(planes.device)
    blocks = planes.reshape(batch, channels, height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(3, 4)
    coefficients = ((basis @ blocks @ basis.T) / table).round() * table
    blocks = (basis.T @ coefficients @ basis).transpose(3, 4)
    return blocks.reshape(planes.shape).round().clamp(-128, 127)


def dct_basis() -> Tensor:
    """The orthonormal cosine transform of eight values, float32 (8, 8), a frequency in each row."""
    place = torch.arange(BLOCK, dtype=torch.float64)
    basis = torch.cos(math.pi * (2 * place + 1) * place[:, None] / (2 * BLOCK)) / 2
    basis[0] /= math.sqrt(2)
    return basis.float()
