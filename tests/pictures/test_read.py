"""Reading and writing picture files."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dni.pictures.normalize import PictureError
from dni.pictures.picture import Picture, from_pil, to_pil
from dni.pictures.read import open_picture, read_recipe
from dni.pictures.resize import resize_bicubic
from dni.pictures.write import encode_jpeg, save_png


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def png_header(side: int) -> bytes:
    """A PNG file of side x side pixels that ends where the pixels should begin."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\x04IDATjunk"
    )


def one_pixel(file: Path) -> Picture:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(file)
    return open_picture(file)


TOO_LARGE = [(7746, "60.00"), (13000, "169.00"), (30000, "900.00")]


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path) -> None:
    for side, found in TOO_LARGE:
        with case(side):
            file = tmp_path / "big.png"
            file.write_bytes(png_header(side))
            with pytest.raises(
                PictureError, match=rf"at most 50 megapixels, but big.png has {found}: make it smaller"
            ):
                open_picture(file)


def test_the_cap_is_inclusive_and_can_be_set(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.new("RGB", (4, 5)).save(file)
    assert open_picture(file, max_pixels=20).width == 4
    with pytest.raises(PictureError, match=r"at most 1\.9e-05 megapixels"):
        open_picture(file, max_pixels=19)


KINDS = ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "HEIF"]


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    for kind in KINDS:
        with case(kind):
            one_pixel(tmp_path / "warm.png")  # registers HEIF
            buffer = io.BytesIO()
            Image.fromarray(noise(64, 64, 3).numpy()).save(buffer, kind)
            file = tmp_path / "cut"
            file.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
            with pytest.raises(PictureError, match=r"but cut is (damaged|none).*: (copy|export)"):
                open_picture(file)


def test_missing_folder_empty_and_foreign_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.png").write_text("not a picture")
    (tmp_path / "page.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    for name, text in [
        ("missing.png", "missing.png does not exist: check the name"),
        ("", "is not a file"),
        ("empty.png", "empty.png is empty"),
        ("notes.png", r"PNG, .*, but notes.png is none: export it as PNG"),
        ("page.eps", "page.eps is none"),
    ]:
        with pytest.raises(PictureError, match=text):
            open_picture(tmp_path / name)


def test_no_pixels_are_refused_and_one_is_enough(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="Expected at least one pixel, but a is 0x5"):
        from_pil(Image.new("RGB", (0, 5)), name="a")
    picture = one_pixel(tmp_path / "one.png")
    assert (picture.height, picture.width, picture.opacity, picture.notices) == (1, 1, None, ())
    assert picture.rgb.flatten().tolist() == [1, 2, 3]


def test_pictures_check_their_tensors() -> None:
    with pytest.raises(ValueError, match=r"Expected uint8 of shape \(3, H, W\), but got torch.float32"):
        Picture(rgb=torch.rand(3, 4, 4), opacity=None, name="a")
    with pytest.raises(ValueError, match=r"Expected opacity as uint8 of shape \(1, 4, 4\), but got"):
        Picture(rgb=noise(3, 4, 4), opacity=noise(1, 4, 5), name="a")


# Writing.


@settings(max_examples=30)
@given(
    height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 2**32 - 1), opaque=st.booleans()
)
def test_png_round_trip_is_bit_exact(height: int, width: int, seed: int, opaque: bool) -> None:
    stored = noise(4, height, width, seed=seed)
    stored[3] *= noise(1, height, width, seed=seed + 1)[0] > 127  # hide about half
    rgb, opacity = stored[:3], None if opaque else stored[3:]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.png"
        save_png(file, rgb, opacity, recipe=None)
        written = np.asarray(Image.open(file))
        assert (written == stored[: written.shape[2]].permute(1, 2, 0).numpy()).all()
        assert written.shape[2] == (3 if opaque else 4)
        first = open_picture(file)
        save_png(file, first.rgb, first.opacity, recipe=None)
        second = open_picture(file)
    visible = torch.ones_like(rgb[:1]) if opaque else stored[3:]
    assert torch.equal(first.rgb * (visible > 0), rgb * (visible > 0))
    assert torch.equal(first.rgb, second.rgb)
    if opacity is None:
        assert first.opacity is None
    else:
        assert first.opacity is not None
        assert torch.equal(first.opacity, opacity)


def test_the_recipe_travels_in_the_file(tmp_path: Path) -> None:
    for recipe in ['{"alpha": 0.57}', "größe ✓", "x" * 100_000]:
        with case(recipe):
            save_png(tmp_path / "a.png", noise(3, 4, 4), None, recipe=recipe)
            assert read_recipe(tmp_path / "a.png") == recipe


def test_a_recipe_is_found_in_pictures_of_any_size_and_nowhere_else(tmp_path: Path) -> None:
    save_png(tmp_path / "a.png", noise(3, 4, 4), None, recipe=None)
    assert read_recipe(tmp_path / "a.png") is None
    (tmp_path / "b.jpg").write_bytes(encode_jpeg(noise(3, 4, 4)))
    assert read_recipe(tmp_path / "b.jpg") is None
    (tmp_path / "huge.png").write_bytes(png_header(30000))
    assert read_recipe(tmp_path / "huge.png") is None
    with pytest.raises(PictureError, match=r"c.png does not exist"):
        read_recipe(tmp_path / "c.png")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.png"
    save_png(file, noise(3, 4, 4), None, recipe="old")
    before = file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(PictureError, match=r"Expected to write .*a.png, but that failed \(No space left"):
        save_png(file, noise(3, 5, 5), None, recipe="new")
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for name in ("missing/a.png", "file/a.png", "folder.png"):
        with pytest.raises(PictureError, match="Choose a folder that exists"):
            save_png(tmp_path / name, noise(3, 4, 4), None, recipe=None)
    with pytest.raises(PictureError, match=r"ends in .png, but got a.jpg: change the ending"):
        save_png(tmp_path / "a.jpg", noise(3, 4, 4), None, recipe=None)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder.png"]


def test_jpeg_keeps_fine_colour() -> None:
    stripes = torch.zeros(3, 32, 32, dtype=torch.uint8)
    stripes[0, :, ::2], stripes[2, :, 1::2] = 255, 255  # chroma at the highest frequency
    image = Image.open(io.BytesIO(encode_jpeg(stripes, quality=95)))
    assert image.format == "JPEG"
    assert np.abs(np.asarray(image).astype(int) - stripes.permute(1, 2, 0).numpy()).mean() < 8
    assert len(encode_jpeg(noise(3, 32, 32), quality=50)) < len(encode_jpeg(noise(3, 32, 32)))


def test_to_pil_gives_what_it_was_given() -> None:
    rgb, opacity = noise(3, 4, 6), noise(1, 4, 6)
    assert to_pil(rgb).mode == "RGB"
    assert (np.asarray(to_pil(rgb, opacity)) == torch.cat((rgb, opacity)).permute(1, 2, 0).numpy()).all()
    with pytest.raises(ValueError, match=r"but got torch.uint8 of \(4, 4, 6\)"):
        to_pil(noise(4, 4, 6))


def test_bicubic_enlargement() -> None:
    rgb = noise(3, 5, 7)
    larger = resize_bicubic(rgb, 4)
    assert larger.shape == (3, 20, 28)
    assert larger.dtype == torch.uint8
    for channel in range(3):
        assert torch.equal(resize_bicubic(rgb[channel : channel + 1], 4)[0], larger[channel])
    # With antialias torch has Pillow's kernel (a = -0.5), and for uint8 it rounds between the passes too.
    expected = torch.nn.functional.interpolate(rgb[None], scale_factor=4, mode="bicubic", antialias=True)[0]
    assert (larger.int() - expected.int()).abs().max() <= 1
