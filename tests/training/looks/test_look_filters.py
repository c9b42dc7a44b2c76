"""The filters that looks imitate: their parts against SciPy, and what each leaves of a photograph."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, sobel
from skimage.data import astronaut
from torch import Tensor

from dni.training.looks.filters import FILTERS, gaussian_blur, gradient_magnitude, grey, soften_steps, xdog


@pytest.fixture(scope="module")
def photograph() -> Tensor:
    return torch.from_numpy(astronaut()).permute(2, 0, 1)[None, :, :256, :320].float() / 255


def random_image() -> np.ndarray:
    return np.random.default_rng(0).random((1, 3, 40, 56))


@pytest.mark.parametrize("sigma", [0.5, 2.0, 8.0])
def test_the_blur_is_scipys(sigma: float) -> None:
    image = random_image()
    radius = max(1, int(np.ceil(4 * sigma)))
    expected = gaussian_filter(image, (0, 0, sigma, sigma), mode="nearest", radius=(0, 0, radius, radius))
    np.testing.assert_allclose(gaussian_blur(torch.from_numpy(image), sigma).numpy(), expected, atol=1e-12)


def test_the_gradient_is_sobels() -> None:
    image = random_image()
    found = gradient_magnitude(torch.from_numpy(image)).numpy()
    for ours, channel in zip(found[0], image[0], strict=True):
        expected = np.hypot(*(sobel(channel, axis=axis, mode="nearest") / 4 for axis in (0, 1)))
        np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_brightness_falls_on_steps() -> None:
    ramp = torch.linspace(0, 1, 1001).view(1, 1, 1, -1)
    stepped = soften_steps(ramp, num_steps=5, steepness=50.0)
    assert torch.equal((stepped[..., ::250] * 4).round(), torch.arange(5.0).view(1, 1, 1, -1))
    assert (stepped.diff() >= -1e-6).all()
    near_a_step = ((stepped * 4 - (stepped * 4).round()).abs() - 0.5).abs() < 0.02
    assert near_a_step.float().mean() > 0.8


def test_ink_lies_on_the_dark_side_of_an_edge_and_nowhere_else() -> None:
    luma = torch.full((1, 1, 32, 64), 0.2)
    luma[..., 32:] = 0.8
    ink = 1 - xdog(luma)
    assert ink[0, 0, 16, 30] > 0.9
    assert ink[..., :24].max() < 0.1
    assert ink[..., 34:].max() < 0.1


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_keeps_shape_and_range_and_is_striking(name: str, photograph: Tensor) -> None:
    picture = FILTERS[name](photograph)
    assert (picture.shape, picture.dtype) == (photograph.shape, photograph.dtype)
    assert 0 <= picture.min() <= picture.max() <= 1
    assert 255 * (picture - photograph).square().mean().sqrt() > 25
    assert torch.equal(picture, FILTERS[name](photograph))


@pytest.mark.parametrize("name", FILTERS)
def test_a_network_can_see_what_a_filter_does(name: str, photograph: Tensor) -> None:
    changed = photograph.clone()
    changed[..., 150:] = torch.rand(1, 3, 256, 170, generator=torch.Generator().manual_seed(0))
    there, here = FILTERS[name](photograph), FILTERS[name](changed)
    assert torch.equal(there[..., : 150 - 88], here[..., : 150 - 88])


@pytest.mark.parametrize("name", FILTERS)
def test_turning_and_mirroring_commute_with_a_filter(name: str, photograph: Tensor) -> None:
    turned = FILTERS[name](torch.rot90(photograph, 1, (2, 3)).flip(3))
    torch.testing.assert_close(
        turned, torch.rot90(FILTERS[name](photograph), 1, (2, 3)).flip(3), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("image", [torch.zeros(3, 9, 9), torch.zeros(1, 3, 9, 9, dtype=torch.uint8)])
def test_another_kind_of_image_is_an_error(image: Tensor) -> None:
    with pytest.raises(ValueError, match=r"Expected a float image of shape \(B, 3, H, W\), but got"):
        grey(image)
