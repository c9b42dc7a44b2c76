"""Gram matrices, and the measure of energy that is locked to a network's grid."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dni.training.looks.style import (
    PaintingLoss,
    PaintingWeights,
    gram,
    lattice_energy,
    log_spectrum,
    total_variation,
)


def test_gram_is_the_mean_product() -> None:
    features = torch.rand(2, 3, 4, 5)
    expected = torch.einsum("bihw,bjhw->bij", features, features) / 20
    torch.testing.assert_close(gram(features), expected)


def test_gram_does_not_know_places() -> None:
    features = torch.rand(1, 3, 4, 5)
    moved = features.flatten(2)[..., torch.randperm(20)].view(1, 3, 4, 5)
    torch.testing.assert_close(gram(moved), gram(features))


def test_total_variation_of_a_ramp() -> None:
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert total_variation(ramp) == pytest.approx(1.0)


def lattice(kind: str) -> Tensor:
    """A pattern that repeats every eight pixels or fewer, (1, 1, 192, 192)."""
    row, column = torch.meshgrid(torch.arange(192), torch.arange(192), indexing="ij")
    patterns = {
        "columns": (column % 8 == 0).float(),
        "checkerboard": ((row + column) % 2).float(),
        "zigzag": ((row // 2 + column) % 4 < 2).float(),
    }
    return patterns[kind][None, None]


def texture() -> Tensor:
    return torch.randn(1, 1, 192, 192, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", ["columns", "checkerboard", "zigzag"])
def test_a_lattice_stands_out_of_texture(kind: str) -> None:
    plain = lattice_energy(texture())
    assert plain < 0.05
    assert lattice_energy(texture() + 2 * lattice(kind)) > 3 * plain


def test_a_lattice_whose_sign_changes_is_seen_too() -> None:
    cells = torch.randn(1, 1, 24, 24, generator=torch.Generator().manual_seed(1)).sign()
    modulated = (lattice("columns") - 0.125) * cells.repeat_interleave(8, 2).repeat_interleave(8, 3)
    assert lattice_energy(modulated) > 0.5


def test_the_spectrum_of_noise_is_flat_and_a_wave_is_a_peak() -> None:
    noise = texture().expand(1, 3, -1, -1)
    spectrum = log_spectrum(noise)
    assert spectrum.shape == (32, 17)
    assert spectrum[2:-1, 2:].std() < 0.2
    torch.testing.assert_close(
        log_spectrum(2 * noise) - spectrum, torch.full((32, 17), 4.0).log(), rtol=1e-3, atol=1e-3
    )
    wave = torch.cos(2 * torch.pi * torch.arange(192.0) * 4 / 32).expand(1, 3, 192, 192)
    assert log_spectrum(wave).argmax() == 4


class Colours(nn.Module):
    """Stands in for an extractor: the picture itself, twice."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, x]


def test_the_loss_wants_the_paintings_colours_and_the_photographs_content() -> None:
    painting = torch.rand(1, 3, 64, 64)
    weights = PaintingWeights(variation=0, lattice=0, spectrum=0)
    loss = PaintingLoss(Colours(), painting, weights=weights, content_layer=1)
    photograph = torch.rand(2, 3, 96, 96)
    itself, black = (
        loss(output, photograph, offset=(3, 32)) for output in (photograph, torch.zeros_like(photograph))
    )
    assert black == pytest.approx(3.0)  # everything is missing: two layers of style, one of content
    assert 0 < itself < 1
