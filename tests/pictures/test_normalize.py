"""Every kind of pixel to 8-bit sRGB, the right way up, against NumPy as the oracle."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from cases import case
from PIL import Image

from dni.pictures.normalize import PictureError
from dni.pictures.picture import Picture, from_pil
from dni.pictures.read import open_picture

ORIENTATION = 0x0112
REDUCED = "More than 8 bits per channel were reduced to 8."
DEEP = np.array([[0, 128, 129, 255, 256, 40000, 65279, 65280, 65535]], np.uint16)


def pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def array(picture: Picture) -> np.ndarray:
    return picture.rgb.permute(1, 2, 0).numpy()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG file by hand, for the kinds that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunks + png_chunk(b"IEND", b"")


def tiff(width: int, height: int, depth: int, photometric: int, data: bytes) -> bytes:
    """A grey TIFF file by hand."""
    tags = {256: width, 257: height, 258: depth, 259: 1, 262: photometric, 273: 8, 277: 1, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return (
        b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)
    )


def upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """What EXIF says that a viewer must show."""
    return {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(stored),
    }[orientation]


def test_values_without_a_known_white_are_refused(tmp_path: Path) -> None:
    for mode, found in [
        ("F", r"holds 1 channel of 32 floating-point bits \(grey\)"),
        ("I", r"holds 1 channel of 32 signed bits \(grey\)"),
        ("LAB", r"holds 3 channels of 8 bits \(Lab\)"),
    ]:
        with case(mode):
            file = tmp_path / "a.tif"
            Image.new(mode, (4, 4)).save(file)
            with pytest.raises(PictureError, match=f"a.tif {found}: export it"):
                open_picture(file)
    with pytest.raises(PictureError, match="a holds pixels of mode 'F': export it"):
        from_pil(Image.new("F", (4, 4)), name="a")


def test_grey_of_16_bits_is_scaled_and_rounded(tmp_path: Path) -> None:
    expected = np.rint(DEEP / 257)
    files = {"a.png": Image.fromarray(DEEP), "a.tif": Image.fromarray(DEEP)}
    for name, image in files.items():
        image.save(tmp_path / name)
    (tmp_path / "a.pgm").write_bytes(b"P5 9 1 65535\n" + DEEP.astype(">u2").tobytes())
    for name in (*files, "a.pgm"):
        picture = open_picture(tmp_path / name)
        assert (array(picture) == expected[..., None]).all(), name
        assert picture.notices == (REDUCED,)


def test_every_value_of_deep_grey_goes_to_the_nearest_level(tmp_path: Path) -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert (array(open_picture(tmp_path / "a.png"))[..., 0] == np.rint(values / 257)).all()
    values = np.arange(4096)
    first, second = values[::2], values[1::2]  # two values of 12 bits in three bytes
    packed = np.stack((first >> 4, (first & 15) << 4 | second >> 8, second & 255), axis=1).astype(np.uint8)
    (tmp_path / "a.tif").write_bytes(tiff(4096, 1, 12, 1, packed.tobytes()))
    assert (array(open_picture(tmp_path / "a.tif"))[0, :, 0] == np.rint(values * 255 / 4095)).all()


@pytest.mark.parametrize(
    ("depth", "photometric", "data"),
    [(12, 1, b"\x00\x0f\xff"), (16, 1, b"\0\0\xff\xff"), (16, 0, b"\xff\xff\0\0")],
)
def test_deep_grey_of_tiff_reaches_black_and_white(
    tmp_path: Path, depth: int, photometric: int, data: bytes
) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(2, 1, depth, photometric, data))
    assert array(open_picture(tmp_path / "a.tif"))[0, :, 0].tolist() == [0, 255]


def test_colour_of_16_bits_is_within_one_level(tmp_path: Path) -> None:
    for colour_type, channels in [(2, 3), (4, 2), (6, 4)]:
        with case(colour_type):
            file = tmp_path / "a.png"
            stored = np.repeat(DEEP[..., None], channels, axis=2)
            stored[..., -1] = 65535 if channels in (2, 4) else stored[..., -1]
            file.write_bytes(png(9, 1, 16, colour_type, b"\0" + stored.astype(">u2").tobytes()))
            picture = open_picture(file)
            assert np.abs(array(picture).astype(int) - np.rint(DEEP / 257)[..., None]).max() <= 1
            assert picture.opacity is None
            assert picture.notices == (REDUCED,)


def test_the_transparent_value_of_deep_pictures(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    rows = b"\0" + DEEP.astype(">u2").tobytes()
    file.write_bytes(png(9, 1, 16, 0, rows, png_chunk(b"tRNS", struct.pack(">H", 256))))
    opacity = open_picture(file).opacity
    assert opacity is not None
    assert opacity.flatten().tolist() == [255] * 4 + [0] + [255] * 4
    file.write_bytes(png(3, 1, 16, 2, rows, png_chunk(b"tRNS", struct.pack(">HHH", 255, 256, 40000))))
    opacity = open_picture(file).opacity
    assert opacity is not None
    assert opacity.flatten().tolist() == [255, 0, 255]
    with pytest.raises(PictureError, match="names one transparent colour of 16 bits: export it"):
        from_pil(Image.open(file), name="a")  # its other bytes cannot be read again


SHALLOW = [(1, b"\x40"), (2, b"\x10"), (4, b"\x01\x00")]


def test_the_transparent_value_of_shallow_grey(tmp_path: Path) -> None:
    for depth, row in SHALLOW:
        with case(depth):
            file = tmp_path / "a.png"
            file.write_bytes(png(4, 1, depth, 0, b"\0" + row, png_chunk(b"tRNS", struct.pack(">H", 1))))
            opacity = open_picture(file).opacity
            assert opacity is not None
            assert opacity.flatten().tolist() == [255, 0, 255, 255]


def test_modes_without_opacity() -> None:
    for mode in ["1", "L", "P", "RGB", "RGBX", "YCbCr"]:
        with case(mode):
            image = Image.fromarray(pixels(6, 5, 3)).convert(mode)
            picture = from_pil(image, name="a")
            assert (array(picture) == np.asarray(image.convert("RGB"))).all()
            assert picture.opacity is None
            assert len(np.unique(array(picture))) > 1


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBA", "RGBa"])
def test_modes_with_opacity(mode: str) -> None:
    grey, alpha = pixels(6, 5), np.full((6, 5), 255, np.uint8)
    alpha[2, 2:] = (0, 128, 255)
    image = Image.merge("LA", (Image.fromarray(grey), Image.fromarray(alpha)))
    if mode == "PA":
        image = Image.merge("PA", (Image.fromarray(grey), Image.fromarray(alpha)))
        image.putpalette(bytes(value for index in range(256) for value in (index,) * 3))
    elif mode != "LA":
        image = image.convert("RGBA" if mode.startswith("RGB") else "LA").convert(mode)
    picture = from_pil(image, name="a")
    assert picture.opacity is not None
    assert (picture.opacity[0].numpy() == alpha).all()
    assert (array(picture)[alpha == 255] == grey[alpha == 255][:, None]).all()


def test_a_palette_with_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putpalette([250, 0, 0, 0, 250, 0, 0, 0, 250])
    image.save(tmp_path / "a.png", transparency=bytes((255, 128, 0)))
    picture = open_picture(tmp_path / "a.png")
    assert picture.opacity is not None
    assert picture.opacity.flatten().tolist() == [255, 128, 0]
    assert array(picture)[0, :2].tolist() == [[250, 0, 0], [0, 250, 0]]


def test_an_opaque_channel_is_dropped() -> None:
    rgba = pixels(4, 4, 4)
    rgba[..., 3] = 255
    picture = from_pil(Image.fromarray(rgba), name="a")
    assert picture.opacity is None
    assert (array(picture) == rgba[..., :3]).all()


def test_hidden_colour_does_not_bleed() -> None:
    rgba = np.zeros((67, 90, 4), np.uint8)
    rgba[..., 1] = 255  # what hides is green
    rgba[20:23, 30:33] = (200, 40, 90, 255)
    rgba[20, 30] = (10, 20, 30, 1)  # hardly visible, but its colour is kept
    picture = from_pil(Image.fromarray(rgba), name="a")
    visible = rgba[..., 3] > 0
    assert (array(picture)[visible] == rgba[visible][:, :3]).all()
    assert array(picture)[~visible][:, 1].max() <= 45
    assert np.abs(array(picture)[23:26, 31:33].astype(int) - (200, 40, 90)).max() < 40
    rgba[..., 3] = 0
    assert array(from_pil(Image.fromarray(rgba), name="a")).max() == 0


def test_animations_and_pages_give_their_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 6), (value, value, value)) for value in (40, 120, 200)]
    for kind in ("gif", "webp", "png", "tif", "mpo"):
        file = tmp_path / f"a.{kind}"
        frames[0].save(file, save_all=True, append_images=frames[1:], lossless=True)
        picture = open_picture(file)
        assert (array(picture) == 40).all(), kind
        assert picture.notices == ("Only number 1 of its 3 frames is used.",)


def test_heic(tmp_path: Path) -> None:
    pillow_heif.from_pillow(Image.new("RGB", (32, 16), (200, 100, 50))).save(tmp_path / "a.heic")
    picture = open_picture(tmp_path / "a.heic")
    assert (picture.height, picture.width) == (16, 32)
    assert np.abs(array(picture).astype(int) - (200, 100, 50)).max() <= 6
    assert picture.notices == ()
    pillow_heif.from_pillow(Image.fromarray(np.full((16, 16), 40000, np.uint16))).save(tmp_path / "b.heic")
    picture = open_picture(tmp_path / "b.heic")
    assert np.abs(array(picture).astype(int) - 156).max() <= 2
    assert picture.notices == (REDUCED,)


@pytest.mark.parametrize("kind", ["png", "tif", "jpg"])
def test_orientation(tmp_path: Path, kind: str) -> None:
    for orientation in range(1, 9):
        with case(orientation):
            stored = np.kron(pixels(2, 3, 3), np.ones((16, 16, 1), np.uint8))
            exif = Image.Exif()
            exif[ORIENTATION] = orientation
            file = tmp_path / f"a.{kind}"
            Image.fromarray(stored).save(
                file, exif=exif, **({"quality": 100, "subsampling": 0} if kind == "jpg" else {})
            )
            picture = open_picture(file)
            difference = np.abs(array(picture).astype(int) - upright(stored, orientation))
            assert difference.max() <= (6 if kind == "jpg" else 0)
            # Pillow turns TIFF files itself, without a word.
            assert len(picture.notices) == (orientation > 1 and kind != "tif")


def test_opacity_and_deep_grey_are_turned_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    rgba = pixels(4, 5, 4)
    Image.fromarray(rgba).save(tmp_path / "a.png", exif=exif)
    opacity = open_picture(tmp_path / "a.png").opacity
    assert opacity is not None
    assert (opacity[0].numpy() == np.rot90(rgba[..., 3], -1)).all()
    Image.fromarray(DEEP).save(tmp_path / "b.png", exif=exif)
    assert (array(open_picture(tmp_path / "b.png"))[:, 0, 0] == np.rint(DEEP[0] / 257)).all()


def test_damaged_exif_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.webp"
    stored = pixels(8, 8, 3)
    Image.fromarray(stored).save(file, lossless=True, exif=b"Exif\0\0XX*\0\x08\0\0\0")
    picture = open_picture(file)
    assert picture.notices == ("Its EXIF data is damaged, so it was not turned.",)
    assert (array(picture) == stored).all()
