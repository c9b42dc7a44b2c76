"""Where digits come from: MNIST on this machine, or the part of it that ships."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest
import torch
from cases import case
from PIL import Image

from dni.digits.data.digit_sources import default_data_root, find_digit_source, find_photographs

NAMES = [f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
COUNT = 30


def idx(name: str) -> bytes:
    """A tiny file of MNIST: the images are all 7, the labels count."""
    if "labels" in name:
        return struct.pack(">ii", 2049, COUNT) + bytes(i % 10 for i in range(COUNT))
    return struct.pack(">iiii", 2051, COUNT, 28, 28) + b"\7" * COUNT * 28 * 28


def put_mnist(data_root: Path) -> None:
    raw = data_root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (raw / name).write_bytes(idx(name))


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for chosen, expected in [("DNI_DATA", ""), ("DNI_CACHE", "data")]:
        with case(chosen):
            monkeypatch.delenv("DNI_DATA", raising=False)
            monkeypatch.setenv(chosen, str(tmp_path))
            assert default_data_root() == tmp_path / expected


def test_mnist_where_it_is(tmp_path: Path) -> None:
    put_mnist(tmp_path)
    found = find_digit_source(tmp_path)
    assert (found.title, found.is_mnist) == ("MNIST's test digits", True)
    assert found.digits.images.shape == (COUNT, 3, 28, 28)
    assert found.digits.images.unique().tolist() == [7]


def test_the_default_folder_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_mnist(tmp_path)
    monkeypatch.setenv("DNI_DATA", str(tmp_path))
    assert find_digit_source().is_mnist


def test_mnist_ships(tmp_path: Path) -> None:
    """Against MNIST's well-known checksums."""
    digits = find_digit_source(tmp_path).digits
    known = {
        "images": "2646ac647ad5339dbf082846283269ea",
        "labels": "27ae3e4e09519cfbb04c329615203637",
    }
    images = struct.pack(">iiii", 2051, 10000, 28, 28) + digits.images[:, 0].numpy().tobytes()
    labels = struct.pack(">ii", 2049, 10000) + digits.labels.to(torch.uint8).numpy().tobytes()
    assert hashlib.md5(images).hexdigest() == known["images"]
    assert hashlib.md5(labels).hexdigest() == known["labels"]
    assert torch.equal(digits.images[:, 0], digits.images[:, 2])


def test_damaged_mnist_is_passed_over(tmp_path: Path) -> None:
    for content in [b"", b"short", idx("images")[:5000], struct.pack(">iiii", 2051, 10**9, 28, 28)]:
        with case(content):
            put_mnist(tmp_path)
            (tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte").write_bytes(content)
            assert len(find_digit_source(tmp_path).digits) == 10000


def test_photographs_of_bsds500_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "bsds500" / "test"
    folder.mkdir(parents=True)
    Image.new("L", (30, 40), 9).save(folder / "1.png")
    found = find_photographs(tmp_path / "examples", tmp_path)
    assert found.title == "BSDS500's test photographs"
    assert [pixels.shape for pixels in found.pixels] == [(40, 30, 3)]


@pytest.mark.parametrize("content", [b"no picture", None])
def test_examples_otherwise(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "bsds500" / "test").mkdir(parents=True)
        (tmp_path / "bsds500" / "test" / "1.jpg").write_bytes(content)
    examples = tmp_path / "examples"
    examples.mkdir()
    Image.new("RGB", (50, 40), (1, 2, 3)).save(examples / "1.png")
    found = find_photographs(examples, tmp_path)
    assert found.title == "this app's pictures (BSDS500 is not here)"
    assert found.pixels[0][0, 0].tolist() == [1, 2, 3]
