"""JPEG as arithmetic against JPEG as Pillow writes it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from dni.training.looks.jpeg import compress, quantisation_tables


def through_pillow(pixels: np.ndarray, quality: int) -> Image.Image:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return Image.open(file)


@pytest.mark.parametrize("quality", [1, 10, 40, 49, 50, 75, 100])
def test_the_tables_are_libjpegs(quality: int) -> None:
    written = through_pillow(np.zeros((16, 16, 3), np.uint8), quality).quantization
    for table, number in zip(quantisation_tables(quality), (0, 1), strict=True):
        assert table.flatten().tolist() == list(written[number])


@pytest.mark.parametrize("quality", [10, 40, 90])
def test_pictures_are_pillows(quality: int) -> None:
    pixels = astronaut()[:256, :320]
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    ours = (compress(image, quality)[0].permute(1, 2, 0) * 255).numpy()
    theirs = np.asarray(through_pillow(pixels, quality), dtype=np.float32)
    # libjpeg rounds in other places; the loss itself is several times larger.
    assert np.abs(ours - theirs).mean() < 0.7
    assert np.abs((ours - theirs).mean()) < 0.1
    assert np.abs(theirs - pixels).mean() > 3 * np.abs(ours - theirs).mean()


def test_a_batch_is_its_images() -> None:
    images = torch.rand(3, 3, 32, 48)
    together = compress(images, 30)
    assert torch.equal(together, torch.cat([compress(image[None], 30) for image in images]))


def test_shapes_and_qualities_are_checked() -> None:
    with pytest.raises(ValueError, match="multiples of 16, but got"):
        compress(torch.rand(1, 3, 24, 32), 50)
    with pytest.raises(ValueError, match="quality of 1 to 100, but got 0"):
        compress(torch.rand(1, 3, 16, 16), 0)
