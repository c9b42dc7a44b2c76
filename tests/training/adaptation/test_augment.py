"""Augmentations: what they keep, how far they go, and that a generator decides everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from cases import case
from digit_files import some_digits
from torch import Tensor

from dni.training.adaptation.augment import (
    CUTOUT,
    MAX_SCALE,
    MAX_SHIFT,
    cut_out,
    random_affine,
    recolour,
    strong,
    warp,
    weak,
)

Augmentation = Callable[[Tensor, torch.Generator], Tensor]
AUGMENTATIONS: list[Augmentation] = [weak, strong, recolour, cut_out]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def digits(count: int = 6) -> Tensor:
    return some_digits(0, count).images.float() / 255


def test_shape_type_and_range() -> None:
    for augment in AUGMENTATIONS:
        with case(augment):
            images = digits()
            result = augment(images, seeded())
            assert (result.shape, result.dtype) == (images.shape, images.dtype)
            assert 0 <= result.min() <= result.max() <= 1
            assert torch.equal(images, digits())  # the input stays as it is


def test_the_generator_decides() -> None:
    for augment in AUGMENTATIONS:
        with case(augment):
            torch.manual_seed(1)
            result = augment(digits(), seeded())
            torch.manual_seed(2)
            assert torch.equal(augment(digits(), seeded()), result)
            assert not torch.equal(augment(digits(), seeded(1)), result)
            generator = seeded()
            augment(digits(), generator)
            assert not torch.equal(augment(digits(), generator), result)


def test_each_image_has_its_own_parameters() -> None:
    for augment in AUGMENTATIONS:
        with case(augment):
            same = digits(1).expand(8, -1, -1, -1)
            result = augment(same, seeded())
            assert len({image.numpy().tobytes() for image in result}) == 8


def test_an_image_does_not_depend_on_the_others() -> None:
    for augment in AUGMENTATIONS:
        with case(augment):
            images = digits()
            others = torch.cat((images[:3], 1 - images[3:]))
            assert torch.equal(augment(others, seeded())[:3], augment(images, seeded())[:3])


def test_any_memory_order() -> None:
    for augment in AUGMENTATIONS:
        with case(augment):
            result = augment(digits().to(memory_format=torch.channels_last), seeded())
            torch.testing.assert_close(result, augment(digits(), seeded()))


# Moving


def test_the_identity_leaves_images_alone() -> None:
    identity = torch.eye(2, 3).repeat(6, 1, 1)
    torch.testing.assert_close(warp(digits(), identity), digits(), atol=1e-5, rtol=0)


def test_a_whole_shift_repeats_the_border() -> None:
    images = torch.rand(1, 3, 28, 28, generator=seeded())
    matrices = torch.eye(2, 3)[None].clone()
    matrices[0, 0, 2] = MAX_SHIFT  # two columns
    moved = warp(images, matrices)
    torch.testing.assert_close(moved[..., :26], images[..., 2:], atol=1e-5, rtol=0)
    torch.testing.assert_close(moved[..., 26:], images[..., 27:].expand(-1, -1, -1, 2), atol=1e-5, rtol=0)


def test_a_flat_image_stays_flat_however_it_moves() -> None:
    flat = torch.full((20, 3, 28, 28), 0.4)
    torch.testing.assert_close(weak(flat, seeded()), flat)
    torch.testing.assert_close(warp(flat, random_affine(20, seeded())), flat)


def test_weak_moves_by_up_to_two_pixels_in_both_directions() -> None:
    block = torch.zeros(200, 3, 28, 28)
    block[:, :, 13:15, 13:15] = 1
    moved = weak(block, seeded())
    mass = moved.sum(dim=(1, 2, 3))
    torch.testing.assert_close(mass, block.sum(dim=(1, 2, 3)), atol=1e-3, rtol=0)
    for axis in (2, 3):
        places = torch.arange(28.0)
        centres = (moved.sum(dim=(1, 5 - axis)) * places).sum(dim=1) / mass - 13.5
        assert centres.abs().max() <= 2 + 1e-3
        assert centres.min() < -1.5
        assert centres.max() > 1.5


def test_random_affine_stays_within_its_limits() -> None:
    matrices = random_affine(500, seeded())
    assert matrices.shape == (500, 2, 3)
    assert matrices[:, :, 2].abs().max() <= MAX_SHIFT
    lengths = matrices[:, :, 0].norm(dim=1)  # of the first axis: the scale alone
    assert 1 - MAX_SCALE - 1e-5 <= lengths.min() < lengths.max() <= 1 + MAX_SCALE + 1e-5
    assert torch.linalg.det(matrices[:, :, :2]).min() > 0  # no mirror image


# Recolouring and hiding


def test_recolour_maps_each_channel_and_turns_half_of_them_over() -> None:
    black_and_white = torch.zeros(300, 3, 28, 28)
    black_and_white[..., 14:] = 1
    result = recolour(black_and_white, seeded())
    contrast = result[..., 14:].mean(dim=(2, 3)) - result[..., :14].mean(dim=(2, 3))  # (300, 3)
    assert (contrast < 0).float().mean().item() == pytest.approx(0.5, abs=0.1)
    signs = contrast.sign().sum(dim=1).abs()
    assert (signs == 1).any()  # channels of one image go different ways


def test_cut_out_hides_one_square_and_nothing_else() -> None:
    images = torch.rand(50, 3, 28, 28, generator=seeded())
    result = cut_out(images, seeded())
    changed = (result != images).any(dim=1)  # (50, 28, 28)
    for image, mask in zip(result, changed, strict=True):
        rows, columns = mask.any(dim=1).nonzero().flatten(), mask.any(dim=0).nonzero().flatten()
        top, left = int(rows[0]), int(columns[0])
        assert mask.sum() == CUTOUT**2
        square = image[:, top : top + CUTOUT, left : left + CUTOUT]
        assert (square == square[:, :1, :1]).all()


def test_cut_out_reaches_every_pixel() -> None:
    images = torch.full((2000, 3, 28, 28), 2.0)  # a colour that no square has
    assert (cut_out(images, seeded()) != images).any(dim=1).any(dim=0).all()
