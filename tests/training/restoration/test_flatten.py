"""The guided filter against one written with loops, and what flattening leaves of a photograph."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import case

from dni.training.restoration.data.flatten import flatten, guided_filter


def by_hand(image: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Equations 5, 6 and 8 of the paper for one channel (H, W) that guides itself, window by window."""
    height, width = image.shape
    slope, offset = np.zeros_like(image), np.zeros_like(image)

    def window(of: np.ndarray, row: int, column: int) -> np.ndarray:
        return of[max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1]

    places = [(row, column) for row in range(height) for column in range(width)]
    for place in places:
        inside = window(image, *place)
        slope[place] = inside.var() / (inside.var() + epsilon)
        offset[place] = inside.mean() * (1 - slope[place])
    smooth = np.zeros_like(image)
    for place in places:
        smooth[place] = window(slope, *place).mean() * image[place] + window(offset, *place).mean()
    return smooth


def test_the_filter_is_the_papers() -> None:
    for epsilon in [1e-4, 0.02, 1.0]:
        with case(epsilon):
            image = np.random.default_rng(0).random((2, 3, 11, 8))
            found = guided_filter(torch.from_numpy(image), radius=2, epsilon=epsilon)
            expected = [[by_hand(channel, 2, epsilon) for channel in picture] for picture in image]
            np.testing.assert_allclose(found.numpy(), np.array(expected), atol=1e-12)


def test_a_plain_picture_stays() -> None:
    image = torch.full((1, 3, 20, 20), 0.3)
    torch.testing.assert_close(guided_filter(image, radius=8, epsilon=0.02), image)
    plain = torch.tensor([7, 130, 255], dtype=torch.uint8)[:, None, None].expand(3, 40, 40)
    assert torch.equal(flatten(plain), plain)


def test_texture_goes_and_edges_stay() -> None:
    noise = np.random.default_rng(0).normal(scale=6, size=(3, 64, 96))
    step = np.where(np.arange(96) < 48, 60, 190)
    photograph = torch.from_numpy((step + noise).round().clip(0, 255).astype(np.uint8))
    flat = flatten(photograph)
    assert (flat.shape, flat.dtype) == (photograph.shape, torch.uint8)
    found = flat.double().numpy()
    assert found[..., :24].std() < 1
    assert found[..., 72:].std() < 1
    # One pixel from it the edge has all but a tenth of its height.
    assert found[..., 46].mean() == pytest.approx(60, abs=13)
    assert found[..., 49].mean() == pytest.approx(190, abs=13)


def test_channels_do_not_mix() -> None:
    photograph = torch.zeros(3, 40, 40, dtype=torch.uint8)
    photograph[0] = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8))
    flat = flatten(photograph)
    assert flat[0].any()
    assert not flat[1:].any()


def test_another_kind_of_image_is_an_error() -> None:
    for image in [torch.zeros(3, 9, 9), torch.zeros(1, 3, 9, 9, dtype=torch.uint8)]:
        text = r"Expected a float image of shape \(B, C, H, W\), but got"
        with case(image), pytest.raises(ValueError, match=text):
            guided_filter(image, radius=2, epsilon=0.1)
