"""Files of every kind against Pillow's own picture, and the kinds that are refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cases import case
from PIL import Image

from dni.pictures.normalize import PictureError
from dni.pictures.read import open_picture

GREY, RGB, RGBA = 1, 3, 4


def smooth(*shape: int, seed: int = 0) -> np.ndarray:
    """A picture that lossy formats keep well."""
    small = Image.fromarray(
        np.random.default_rng(seed).integers(0, 256, (4, 5, shape[-1]), dtype=np.uint8).squeeze()
    )
    return np.asarray(small.resize(shape[1::-1], Image.Resampling.BICUBIC))


def as_pillow(path: Path) -> np.ndarray:
    """Pillow's own picture as RGBA."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


def ours(path: Path) -> np.ndarray:
    picture = open_picture(path)
    opacity = np.full((1, picture.height, picture.width), 255, np.uint8)
    opacity = opacity if picture.opacity is None else picture.opacity.numpy()
    return np.concatenate((picture.rgb.numpy(), opacity)).transpose(1, 2, 0)


def difference(path: Path, expected: np.ndarray) -> int:
    """In levels: of opacity, and of colours that can be seen."""
    distance = np.abs(ours(path).astype(int) - expected)
    distance[..., :3] *= expected[..., 3:] > 0
    return int(distance.max())


# The PNG suite of Willem van Schaik: names that begin with "x" are of broken files.


def test_png_suite(shared: Path) -> None:
    right, refused = 0, 0
    for path in sorted((shared / "data" / "pngsuite").glob("*.png")):
        with case(path.name):
            if path.name.startswith("x"):
                with pytest.raises(PictureError, match=f"{path.name} is (none|damaged)"):
                    open_picture(path)
                refused += 1
                continue
            assert difference(path, suite_picture(path)) <= 1
            right += 1
    assert (right, refused) == (162, 14)


def suite_picture(path: Path) -> np.ndarray:
    """Pillow's, but grey of 16 bits, which it clips, and transparent values of other than 8 bits."""
    with Image.open(path) as image:
        depth, transparent = path.stem[-2:], image.info.get("transparency")
        if image.mode == "I;16":
            grey = np.asarray(image)
            opacity = np.where(grey == (-1 if transparent is None else transparent), 0, 255)
            return np.stack([np.rint(grey / 257)] * 3 + [opacity], axis=-1).astype(np.uint8)
        picture = np.asarray(image.convert("RGBA")).copy()
        if transparent is not None and path.stem[3] != "3" and depth != "08":
            picture[..., 3] = open_picture(path).opacity.numpy()[0]  # type: ignore[union-attr]
        return picture


# Each writes "odd" with its suffix into a folder, and may be read as Pillow reads it.


def saved(
    kind: str, suffix: str, channels: int = RGB, mode: str | None = None, **options: object
) -> Callable[..., Path]:
    def make(folder: Path) -> Path:
        image = Image.fromarray(smooth(24, 32, channels))
        path = folder / f"odd.{suffix}"
        (image.convert(mode) if mode else image).save(path, kind, **options)
        return path

    return make


def adobe_rgb_jpeg(folder: Path) -> Path:
    """An Adobe marker that says RGB, where YCbCr is usual."""
    path = folder / "odd.jpg"
    Image.fromarray(smooth(24, 32, 3)).save(path, "JPEG", keep_rgb=True, quality=95)
    return path


def gif_with_offset(folder: Path) -> Path:
    """Two frames with palettes of their own and transparency."""
    path = folder / "odd.gif"
    first, second = (Image.fromarray(smooth(24, 32, 3, seed=seed)).quantize(16) for seed in (1, 2))
    first.save(path, save_all=True, append_images=[second], transparency=3, disposal=2, interlace=True)
    return path


KINDS = [
    saved("JPEG", "jpg", progressive=True),
    saved("JPEG", "jfif", subsampling="4:1:1"),
    saved("JPEG", "jpe", GREY),
    saved("JPEG", "jpg", mode="CMYK"),  # Pillow writes Adobe's marker, and inverted values
    saved("JPEG", "png"),  # a wrong suffix
    adobe_rgb_jpeg,
    gif_with_offset,
    saved("GIF", "gif", GREY),
    saved("WEBP", "webp"),
    saved("WEBP", "webp", RGBA, lossless=True),
    saved("WEBP", "webp", RGBA, quality=60),
    saved("AVIF", "avif"),
    saved("AVIF", "avif", RGBA),
    saved("AVIF", "avif", GREY, subsampling="4:0:0"),
    saved("AVIF", "avif", subsampling="4:4:4", quality=100),
    saved("BMP", "bmp"),
    saved("BMP", "bmp", GREY),
    saved("BMP", "bmp", mode="1"),
    saved("PPM", "pgm", GREY),
    saved("PPM", "pnm"),
    saved("PPM", "pbm", mode="1"),
    saved("TIFF", "tif", compression="tiff_lzw"),
    saved("TIFF", "tif", compression="packbits"),
    saved("TIFF", "tif", compression="jpeg"),
    saved("TIFF", "tif", compression="tiff_adobe_deflate"),
    saved("TIFF", "tif", compression="zstd"),
    saved("TIFF", "tif", mode="1", compression="group4"),
    saved("TIFF", "tif", mode="P"),
    saved("TIFF", "tif", mode="CMYK"),
    saved("TIFF", "tif", mode="YCbCr", compression="jpeg"),
    saved("TIFF", "tif", RGBA, big_tiff=True),
]


def test_kinds_are_as_pillow_shows_them(tmp_path: Path) -> None:
    for index, make in enumerate(KINDS):
        with case(index):
            path = make(tmp_path)
            assert difference(path, as_pillow(path)) == 0


def test_an_empty_fourth_byte_of_bmp_is_opaque(tmp_path: Path) -> None:
    """Pillow takes it for opacity, and shows nothing."""
    pixels = smooth(6, 8, 4).copy()
    for opacity in (0, 130):
        pixels[..., 3] = opacity
        masks = struct.pack("<4I", 0xFF << 16, 0xFF << 8, 0xFF, 0xFF << 24)
        header = struct.pack("<IiiHHIIiiII", 108, 8, -6, 1, 32, 3, 0, 0, 0, 0, 0) + masks + bytes(52)
        data = pixels[..., (2, 1, 0, 3)].tobytes()
        head = b"BM" + struct.pack("<IHHI", 14 + len(header) + len(data), 0, 0, 14 + len(header))
        (tmp_path / "a.bmp").write_bytes(head + header + data)
        expected = pixels.copy()
        expected[..., 3] = opacity or 255
        assert difference(tmp_path / "a.bmp", expected) == 0


def test_separate_planes_of_tiff(tmp_path: Path) -> None:
    """Pillow takes planes of 16 bits for 8."""
    path = tmp_path / "a.tif"
    for channels, depth in [(3, 8), (4, 8), (3, 16), (4, 16)]:
        with case(channels, depth):
            stored = smooth(24, 32, channels)
            planes = stored.transpose(2, 0, 1).astype(np.uint16 if depth == 16 else np.uint8)
            extra = ["unassalpha"] if channels == 4 else None
            planes = planes * 257 if depth == 16 else planes
            tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate", extrasamples=extra)
            opaque = np.full((24, 32), 255, np.uint8)
            expected = stored if channels == 4 else np.dstack((stored, opaque))
            assert difference(path, expected) == 0


REFUSED_TIFF = [
    (np.zeros((4, 5), np.float64), {}, r"1 channel of 64 floating-point bits \(grey\)"),
    (np.zeros((4, 5), np.int8), {}, r"1 channel of 8 signed bits \(grey\)"),
    (
        np.zeros((4, 5, 3), np.float32),
        {"photometric": "rgb"},
        r"3 channels of 32 floating-point bits \(RGB\)",
    ),
    (np.zeros((4, 5, 3), np.uint32), {"photometric": "rgb"}, r"3 channels of 32 bits \(RGB\)"),
    (
        np.zeros((4, 5, 5), np.uint16),
        {"photometric": "rgb", "planarconfig": "contig"},
        r"5 channels of 16 bits \(RGB\)",
    ),
    (np.zeros((4, 5, 3), np.uint16), {"photometric": "cielab"}, r"3 channels of 16 bits \(Lab\)"),
    (
        np.zeros((2, 4, 5), np.uint16),
        {"photometric": "minisblack", "planarconfig": "separate", "extrasamples": ["unassalpha"]},
        r"2 channels of 16 bits \(grey\) in separate planes",
    ),
    (
        np.zeros((4, 5, 3), np.uint8),
        {"photometric": "rgb", "extratags": [(50706, 1, 4, b"\1\4\0\0")]},
        "raw data",
    ),
]


def test_tiff_that_cannot_be_read_says_its_kind(tmp_path: Path) -> None:
    for pixels, options, text in REFUSED_TIFF:
        with case(text):
            tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
            with pytest.raises(PictureError, match=f"TIFF file .*, but a.tif holds .*{text}: export it as"):
                open_picture(tmp_path / "a.tif")


FOREIGN = [
    (b"\xff\x0a" + bytes(30), "a JPEG XL file, which needs the package pillow-jxl-plugin"),
    (b"\x76\x2f\x31\x01" + bytes(30), "an OpenEXR file"),
    (b"8BPS" + bytes(30), "a Photoshop file"),
    (b"MM\0+" + bytes(30), "a big-endian BigTIFF file"),
]


def test_files_of_other_programs_are_named(tmp_path: Path) -> None:
    for data, text in FOREIGN:
        with case(text):
            (tmp_path / "a.jxl").write_bytes(data)
            with pytest.raises(PictureError, match=f"but a.jxl is {text}"):
                open_picture(tmp_path / "a.jxl")


def test_a_gamma_that_is_not_applied_is_said(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "PNG")
    data, chunk = buffer.getvalue(), b"gAMA" + struct.pack(">I", 100000)
    chunk = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    assert open_picture(tmp_path / "a.png").notices == ("Its gamma of 1 was not applied.",)
