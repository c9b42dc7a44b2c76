"""Pictures of every kind on the command line: refused in one clear line, or rendered as what they show."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cases import case
from command_line import Run, assert_refused
from PIL import Image

pytestmark = pytest.mark.usefixtures("tiny_catalogue")


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# Pictures that are refused


def png_header(width: int, height: int) -> bytes:
    """A PNG file that ends where the pixels should begin."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\x04IDATjunk"
    )


def whole_bomb(path: Path) -> None:
    """A whole picture of 169 megapixels in some 20 KB."""
    Image.new("1", (13000, 13000)).save(path)
    assert path.stat().st_size < 100_000


def cut_short(path: Path) -> None:
    Image.fromarray(noise(40, 40, 3)).save(path)
    path.write_bytes(path.read_bytes()[:1000])


BAD_PICTURES = [
    (lambda path: None, r"bad\.png does not exist: check the name"),
    (lambda path: path.write_text("not a picture"), r"Expected a picture \(.*\), but bad\.png is none"),
    (lambda path: path.write_bytes(b""), r"bad\.png is empty"),
    (cut_short, r"bad\.png is damaged or cut short"),
    (
        lambda path: path.write_bytes(png_header(10000, 6000)),
        r"at most 50 megapixels, but bad\.png has 60\.00: make it smaller",
    ),
    (
        lambda path: path.write_bytes(png_header(40000, 40000)),
        r"at most 50 megapixels, but bad\.png has 1600\.00",
    ),
    (whole_bomb, r"at most 50 megapixels, but bad\.png has 169\.00"),
    (
        lambda path: Image.new("1", (7000, 7000)).save(path),
        r"an output of at most 400 megapixels, but 7000x7000 enlarged 4 times has 784",
    ),
]


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
def test_a_picture_that_cannot_be_used(run: Run, tmp_path: Path, out: Path) -> None:
    for make, text in BAD_PICTURES:
        with case(text):
            bad = tmp_path / "bad.png"
            make(bad)
            result = run("render", bad, "-o", out / "new.png", "--pair", "tiny", "--alpha", "0.5")
            assert_refused(result, text, out)


def test_a_folder_without_pictures(run: Run, tmp_path: Path, out: Path) -> None:
    (tmp_path / "photos").mkdir()
    result = run("render", tmp_path / "photos", "-o", out, "--pair", "tiny", "--alpha", "0.5")
    assert_refused(result, "Expected pictures in the folder .*photos, but found none", out)


# Unusual pictures that work: each is rendered as the ordinary picture that it shows


def one_pixel(folder: Path) -> Image.Image:
    image = Image.new("RGB", (1, 1), (200, 90, 10))
    image.save(folder / "odd.png")
    return image


def animation(folder: Path) -> Image.Image:
    first, *others = (Image.fromarray(noise(6, 7, seed=seed)) for seed in range(3))
    first.save(folder / "odd.gif", save_all=True, append_images=others)
    return first


def print_colours(folder: Path) -> Image.Image:
    image = Image.fromarray(noise(6, 7, 4), mode="CMYK")
    image.save(folder / "odd.tif")
    return image.convert("RGB")


def palette_with_transparency(folder: Path) -> Image.Image:
    image = Image.fromarray(np.arange(42, dtype=np.uint8).reshape(6, 7) % 5, mode="P")
    image.putpalette(noise(5, 3).tobytes())
    image.save(folder / "odd.png", transparency=bytes([255, 128, 60, 9, 200]))
    return Image.open(folder / "odd.png").convert("RGBA")


def deep_grey(folder: Path) -> Image.Image:
    grey = noise(6, 7)
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "odd.png")
    return Image.fromarray(grey)


@pytest.mark.parametrize(
    ("make", "notice"),
    [
        (one_pixel, None),
        (animation, r"odd\.gif: Only number 1 of its 3 frames is used\."),
        (print_colours, r"odd\.tif: Converted from CMYK without a colour profile"),
        (palette_with_transparency, None),
        (deep_grey, r"odd\.png: More than 8 bits per channel were reduced to 8\."),
    ],
)
def test_unusual_pictures_work(
    run: Run, tmp_path: Path, out: Path, make: Callable[[Path], Image.Image], notice: str | None
) -> None:
    make(tmp_path).save(tmp_path / "ordinary.png")
    odd = next(tmp_path.glob("odd.*"))
    words = ["--pair", "tiny", "--alpha", "0.5", "--float32"]
    result = run("render", odd, "-o", out / "odd.png", *words)
    assert result.code == 0
    assert bool(notice) == ("odd." in result.err)
    assert re.search(notice or "", result.err)
    assert run("render", tmp_path / "ordinary.png", "-o", out / "ordinary.png", *words).code == 0
    got, expected = (np.array(Image.open(out / f"{name}.png")) for name in ("odd", "ordinary"))
    assert got.shape == expected.shape
    assert (got == expected).all()
    assert got.shape[0] == 4 * Image.open(odd).height
