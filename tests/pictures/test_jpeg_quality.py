"""The estimated quality of JPEG files, against what Pillow was asked for."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from dni.examples import EXAMPLE_FOLDER
from dni.pictures.codecs.jpeg_quality import jpeg_quality
from dni.pictures.decoding.decode_apart import open_picture_apart
from dni.pictures.read import open_picture


@pytest.mark.parametrize("quality", [5, 10, 33, 50, 75, 90, 95, 100])
def test_pillows_qualities(quality: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "JPEG", quality=quality)
    assert jpeg_quality(Image.open(file).quantization) == quality


def test_without_a_table_nothing_is_known() -> None:
    assert jpeg_quality({}) is None
    assert jpeg_quality({0: [1, 2]}) is None


@pytest.mark.parametrize("read", [open_picture, open_picture_apart])
def test_a_picture_knows_it(read: object, tmp_path: Path) -> None:
    assert callable(read)
    assert read(EXAMPLE_FOLDER / "blocks-20.jpg").jpeg_quality == 20
    assert read(EXAMPLE_FOLDER / "cat.png").jpeg_quality is None
