"""The network of letters: points of length 1, and the shapes that it takes."""

from __future__ import annotations

import pytest
import torch

from models.letters import LetterNetwork


def test_points_have_length_1() -> None:
    points = LetterNetwork()(torch.rand(3, 1, 28, 28))
    assert points.shape == (3, 64)
    assert torch.allclose(points.norm(dim=1), torch.ones(3))


def test_other_shapes_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"Expected letters of shape \(B, 1, 28, 28\), but got \(1, 28, 28\)"
    ):
        LetterNetwork()(torch.zeros(1, 28, 28))
