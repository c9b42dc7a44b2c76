"""The digit domains: how each is made, that it is always the same, what is said without data."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from digit_files import (
    NUM_TEST,
    NUM_TRAIN,
    digit_source,
    photograph,
    some_digits,
    write_data_root,
    write_idx,
)
from PIL import Image
from torch import Tensor

from dni.digits.data.domains import (
    Digits,
    build_mnist_m,
    cut_patches,
    digest,
    in_colour,
    invert,
    load_mnist,
    load_mnist_m,
    put_over,
)
from dni.errors import DniError


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def noisy(count: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(noise(count, 3, 28, 28, seed=seed))


def difference(patches: Tensor, digits: Tensor) -> Tensor:
    """|patch - digit| without the wrap of unsigned numbers."""
    return (patches.int() - digits.int()).abs()


# MNIST


def test_mnist_in_grey_rgb(digits_root: Path) -> None:
    for split, start, count in [("train", 0, NUM_TRAIN), ("test", NUM_TRAIN, NUM_TEST)]:
        with case(split, start, count):
            digits = load_mnist(digits_root, split)
            images, labels = digit_source(start, count)
            assert len(digits) == count
            assert (digits.images.dtype, digits.labels.dtype) == (torch.uint8, torch.int64)
            assert digits.images.shape == (count, 3, 28, 28)
            for channel in range(3):
                assert (digits.images[:, channel].numpy() == images).all()
            assert (digits.labels.numpy() == labels).all()


def test_missing_mnist_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DniError, match=r"Expected MNIST in .*MNIST/raw, but it is not there .*Give --data-root, or connect"
    ):
        load_mnist(tmp_path, "train")


def test_a_damaged_file_of_mnist_is_named(tmp_path: Path) -> None:
    for content in [b"", b"\0\0\x08\x03", b"<!DOCTYPE html><html>not MNIST</html>"]:
        with case(content):
            write_data_root(tmp_path)
            (tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte").write_bytes(content)
            with pytest.raises(
                DniError, match=r"Expected MNIST in .*MNIST/raw, but it is not there or not readable"
            ):
                load_mnist(tmp_path, "test")


def test_a_cut_off_file_of_mnist_is_named(tmp_path: Path) -> None:
    write_data_root(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DniError, match=r"Expected MNIST in .*MNIST/raw, but it is not there or not readable"):
        load_mnist(tmp_path, "test")


def test_a_subset_keeps_images_and_labels_together() -> None:
    digits = some_digits(0, 10)
    some = digits.subset(torch.tensor([7, 2]))
    assert torch.equal(some.images, digits.images[[7, 2]])
    assert torch.equal(some.labels, digits.labels[[7, 2]])
    assert len(digits.subset(slice(3))) == 3
    assert len(digits.subset(slice(None))) == 10


# MNIST-M


def test_mnist_m_is_the_absolute_difference() -> None:
    """A photograph of 28 x 28 has one patch: itself."""
    digits, pixels = noisy(6), noise(28, 28, 3, seed=1)
    result = build_mnist_m(digits, [pixels], seed=0)
    assert result.dtype == torch.uint8
    patch = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    assert torch.equal(result.int(), difference(patch, digits))


def test_patches_come_from_anywhere_in_any_photograph() -> None:
    photographs = [noise(29, 30, 3, seed=1), noise(28, 29, 3, seed=2)]
    black = torch.zeros(200, 3, 28, 28, dtype=torch.uint8)
    result = {patch.numpy().tobytes() for patch in build_mnist_m(black, photographs, seed=0)}
    everywhere = {
        pixels[top : top + 28, left : left + 28].transpose(2, 0, 1).tobytes()
        for pixels in photographs
        for top in range(pixels.shape[0] - 27)
        for left in range(pixels.shape[1] - 27)
    }
    assert len(everywhere) == 8
    assert result == everywhere


def test_the_seed_decides_and_a_beginning_stays_a_beginning() -> None:
    digits, photographs = noisy(20), [np.asarray(photograph(seed)) for seed in range(3)]
    whole = build_mnist_m(digits, photographs, seed=0)
    assert torch.equal(build_mnist_m(digits, photographs, seed=0), whole)
    assert torch.equal(build_mnist_m(digits[:7], photographs, seed=0), whole[:7])
    assert not torch.equal(build_mnist_m(digits, photographs, seed=1), whole)


def test_train_and_test_get_different_photographs(tmp_path: Path) -> None:
    root = write_data_root(tmp_path)
    colours = {"train": (200, 10, 0), "test": (0, 20, 220)}
    for split, colour in colours.items():
        for file in (root / "bsds500" / split).iterdir():
            Image.new("RGB", (40, 30), colour).save(file)
        digits, plain = load_mnist_m(root, split), load_mnist(root, split)
        assert torch.equal(digits.labels, plain.labels)
        background = digits.images.permute(0, 2, 3, 1)[plain.images[:, 0] == 0]
        assert (background == torch.tensor(colour)).all()


def test_mnist_m_is_the_same_in_every_process(digits_root: Path) -> None:
    """Not of the random state of the moment."""
    torch.manual_seed(5)
    first = digest(load_mnist_m(digits_root, "test"))
    torch.manual_seed(6)
    assert digest(load_mnist_m(digits_root, "test")) == first
    assert digest(load_mnist_m(digits_root, "train")) != first


def test_missing_photographs_are_named(tmp_path: Path) -> None:
    for file in (write_data_root(tmp_path) / "bsds500" / "train").iterdir():
        file.unlink()
    with pytest.raises(
        FileNotFoundError, match=r"Expected photographs .* in .*bsds500/train, but found none"
    ):
        load_mnist_m(tmp_path, "train")


def test_half_of_the_photographs_are_not_enough(tmp_path: Path) -> None:
    for file in sorted((write_data_root(tmp_path) / "bsds500" / "train").iterdir())[:100]:
        file.unlink()
    with pytest.raises(DniError, match=r"the 200 photographs of BSDS500 in .*train, but found 100\. Delete "):
        load_mnist_m(tmp_path, "train")
    load_mnist_m(tmp_path, "test")


def test_small_photographs_are_named() -> None:
    with pytest.raises(DniError, match="photographs of at least 28 x 28 pixels, but got 27 x 40"):
        build_mnist_m(noisy(1), [noise(40, 27, 3)], seed=0)


# Other domains


def test_strength_fades_the_patches_in() -> None:
    digits, patches = noisy(4), noisy(4, seed=1)
    assert torch.equal(put_over(digits, patches, strength=0), digits)
    assert torch.equal(put_over(digits, patches, strength=1).int(), difference(patches, digits))
    assert torch.equal(put_over(digits, patches), put_over(digits, patches, strength=1))
    half = (patches.double() / 2).round()
    assert torch.equal(put_over(digits, patches, strength=0.5).int(), difference(half, digits))
    assert put_over(digits, patches, strength=0.5).dtype == torch.uint8


def test_one_patch_serves_all_digits() -> None:
    digits, patch = noisy(4), noisy(1, seed=1)
    assert torch.equal(put_over(digits, patch), put_over(digits, patch.expand(4, -1, -1, -1)))


def test_inverted_digits_are_dark_on_white() -> None:
    images = in_colour(torch.tensor([[[0, 255, 100]]], dtype=torch.uint8))
    assert invert(images)[0, :, 0].tolist() == [[255, 0, 155]] * 3
    assert torch.equal(invert(invert(noisy(2))), noisy(2))


def test_patches_of_a_picture() -> None:
    picture = photograph(0, width=60, height=33)
    patches = cut_patches(picture, 5, seed=0)
    assert (patches.shape, patches.dtype) == ((5, 3, 28, 28), torch.uint8)
    assert torch.equal(cut_patches(picture, 5, seed=0), patches)
    assert not torch.equal(cut_patches(picture, 5, seed=1), patches)
    exact = photograph(1, width=28, height=28)
    assert (cut_patches(exact, 1, seed=0)[0].permute(1, 2, 0).numpy() == np.asarray(exact)).all()


def test_a_small_picture_is_enlarged() -> None:
    for size in [(1, 1), (10, 14), (200, 9), (27, 28)]:
        with case(size):
            assert cut_patches(Image.new("RGB", size, (9, 80, 200)), 3, seed=0).shape == (3, 3, 28, 28)
            patches = cut_patches(Image.new("RGB", size, (9, 80, 200)), 3, seed=0)
            assert (patches == torch.tensor([9, 80, 200])[None, :, None, None]).all()


def test_pictures_of_other_kinds() -> None:
    for mode in ["L", "P", "RGBA", "CMYK"]:
        with case(mode):
            assert cut_patches(photograph(0).convert(mode), 2, seed=0).shape == (2, 3, 28, 28)


# Digest


def test_the_digest_is_of_the_bytes() -> None:
    digits = some_digits(0, 6)
    content = digits.images.numpy().tobytes() + digits.labels.numpy().tobytes()
    assert digest(digits) == hashlib.sha256(content).hexdigest()


def test_the_digest_sees_contents_only() -> None:
    digits = some_digits(0, 6)
    other_request = digits.images.to(memory_format=torch.channels_last)
    assert digest(Digits(other_request, digits.labels)) == digest(digits)
    changed = digits.images.clone()
    changed[3, 1, 4, 5] ^= 1
    assert digest(Digits(changed, digits.labels)) != digest(digits)
    assert digest(Digits(digits.images, digits.labels.roll(1))) != digest(digits)


def test_idx_files_are_torchvisions(tmp_path: Path) -> None:
    """The tests' own writer, so that the small data root means something."""
    from torchvision.datasets.mnist import read_image_file

    write_idx(tmp_path / "images", noise(3, 28, 28))
    assert (read_image_file(str(tmp_path / "images")).numpy() == noise(3, 28, 28)).all()
