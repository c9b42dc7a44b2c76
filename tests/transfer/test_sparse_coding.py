"""Sparse codes against scikit-learn's, and what they are for: less energy than any other code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import sparse_encode
from torch.nn import functional

from dni.errors import DniError
from dni.transfer.sparse_coding import (
    blend_dictionaries,
    energy,
    features_of,
    patches_of,
    sparse_code,
)


def atoms(seed: int, number: int = 12) -> torch.Tensor:
    return functional.normalize(torch.randn(number, 49, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_codes_are_those_of_scikit_learn() -> None:
    patches = torch.randn(30, 49, generator=torch.Generator().manual_seed(1))
    code = sparse_code(patches, atoms(0), 0.5, iterations=500)
    expected = sparse_encode(
        patches.double().numpy(), atoms(0).double().numpy(), algorithm="lasso_cd", alpha=0.5, max_iter=5000
    )
    assert np.abs(code.numpy() - expected).max() < 1e-3
    assert (code == 0).float().mean() > 0.2


def test_codes_cannot_be_bettered_nearby() -> None:
    patches = torch.randn(5, 49, generator=torch.Generator().manual_seed(2))
    code = sparse_code(patches, atoms(0), 0.3, iterations=500)
    least = energy(patches, atoms(0), code, 0.3)
    generator = torch.Generator().manual_seed(3)
    for _ in range(20):
        other = code + 0.05 * torch.randn(code.shape, generator=generator)
        assert (energy(patches, atoms(0), other, 0.3) >= least - 1e-5).all()


def test_features_know_ink_and_the_sign_of_contrast() -> None:
    pictures = torch.zeros(2, 28, 28)
    pictures[1, 10:18, 12:15] = 1
    features = features_of(pictures, atoms(0), 0.1)
    assert features.shape == (2, 12 * 2 * 9)
    assert not features[0].any()
    assert (features >= 0).all()
    assert features[1].any()


def test_patches_have_no_mean_and_bounded_contrast() -> None:
    patches = patches_of(torch.rand(2, 28, 28, generator=torch.Generator().manual_seed(0)))
    assert patches.shape == (2, 121, 49)
    assert patches.mean(dim=-1).abs().max() < 1e-6
    assert patches.norm(dim=-1).max() < 1


def test_blend_has_exact_ends_and_atoms_of_length_1() -> None:
    first, second = atoms(0), atoms(1)
    assert torch.allclose(blend_dictionaries(first, second, 0), first)
    assert torch.allclose(blend_dictionaries(first, second, 1), second)
    middle = blend_dictionaries(first, second, 0.3)
    assert torch.allclose(middle.norm(dim=1), torch.ones(12))
    assert torch.allclose(middle, blend_dictionaries(second, first, 0.7), atol=1e-6)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(DniError, match=r"Expected pictures of shape \(B, 28, 28\), but got \(1, 16, 16\)"):
        patches_of(torch.zeros(1, 16, 16))
