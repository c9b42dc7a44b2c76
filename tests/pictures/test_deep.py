"""Pictures of 16 bits per channel: read and written with all their bits, against independent programs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from cases import case
from PIL import ExifTags, Image, ImageCms
from torchvision.io import ImageReadMode, decode_png

from dni.pictures.codecs.icc import profile_to_srgb
from dni.pictures.codecs.metadata import read_exif
from dni.pictures.normalize import PictureError
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture, read_recipe
from dni.pictures.resize import resize_bicubic
from dni.pictures.write import FileOptions, save_picture

RECIPE = '{"alpha": 0.5}'


def deep_noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, shape, dtype=np.uint16)


def array(picture: Picture) -> np.ndarray:
    """uint16 (H, W, 3 or 4)."""
    parts = [picture.rgb.numpy(), *([] if picture.opacity is None else [picture.opacity.numpy()])]
    return np.concatenate(parts).transpose(1, 2, 0)


def decoded_png(data: bytes) -> np.ndarray:
    """By libpng, without Pillow."""
    encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    return decode_png(encoded, ImageReadMode.UNCHANGED).permute(1, 2, 0).numpy()


def test_tiff_keeps_every_bit(tmp_path: Path) -> None:
    layouts: list[dict[str, object]] = [
        {},
        {"byteorder": ">"},
        {"tile": (16, 16)},
        {"compression": "zlib", "predictor": True},
        {"compression": "zlib", "byteorder": ">", "rowsperstrip": 3},
        {"planarconfig": "separate"},
        {"planarconfig": "separate", "byteorder": ">", "rowsperstrip": 5},
    ]
    for channels in (3, 4):
        for layout in layouts:
            with case(channels, layout):
                stored = deep_noise(18, 21, channels) | 1  # nothing hidden
                pixels = stored if "planarconfig" not in layout else stored.transpose(2, 0, 1)
                extra = ["unassalpha"] if channels == 4 else None
                options = {"photometric": "rgb", "planarconfig": "contig", "extrasamples": extra, **layout}
                tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
                picture = open_picture(tmp_path / "a.tif", bits=16)
                assert (array(picture) == stored).all()
                assert picture.notices == ()


def test_grey_and_inverted_and_premultiplied_tiff(tmp_path: Path) -> None:
    grey, path = deep_noise(8, 9), tmp_path / "a.tif"
    for photometric, expected in [("minisblack", grey), ("miniswhite", 65535 - grey)]:
        tifffile.imwrite(path, grey, photometric=photometric)
        assert (array(open_picture(path, bits=16)) == expected[..., None]).all()
    stored = deep_noise(8, 9, 4)
    stored[..., 3] |= 0x8000
    multiplied = stored.copy()
    multiplied[..., :3] = np.rint(stored[..., :3] * (stored[..., 3:] / 65535))
    tifffile.imwrite(path, multiplied, photometric="rgb", extrasamples=["assocalpha"])
    assert np.abs(array(open_picture(path, bits=16)).astype(int) - stored).max() <= 1


def test_png_suite_in_16_bits(shared: Path) -> None:
    found = 0
    for path in sorted((shared / "data" / "pngsuite").glob("[!x]*16.png")):
        with case(path.name):
            expected = decoded_png(path.read_bytes())
            assert expected.dtype == np.uint16
            picture = open_picture(path, bits=16)
            visible = np.array(True)
            if picture.opacity is not None:
                opacity = picture.opacity.numpy()[0]
                visible = opacity[..., None] > 0
                transparent = Image.open(path).info.get("transparency")
                assert (
                    opacity == (expected[..., -1] if transparent is None else hidden(expected, transparent))
                ).all()
            colours = expected[..., :1] if expected.shape[2] < 3 else expected[..., :3]
            got = picture.rgb.numpy().transpose(1, 2, 0)
            assert (np.where(visible, got, 0) == np.where(visible, colours, 0)).all()
            found += 1
    assert found == 33


def hidden(levels: np.ndarray, transparent: object) -> np.ndarray:
    """Opacity where one value or colour of uint16 (H, W, C) is transparent."""
    return np.where((levels == np.array(transparent)).all(axis=-1), 0, 65535)


def test_ppm_in_colour(tmp_path: Path) -> None:
    stored = deep_noise(5, 7, 3)
    (tmp_path / "a.ppm").write_bytes(b"P6 7 5 65535\n" + stored.astype(">u2").tobytes())
    assert (array(open_picture(tmp_path / "a.ppm", bits=16)) == stored).all()
    (tmp_path / "a.ppm").write_bytes(b"P6 7 5 1023\n" + (stored // 64).astype(">u2").tobytes())
    picture = open_picture(tmp_path / "a.ppm", bits=16)
    assert (array(picture) == np.rint(stored // 64 * (65535 / 1023))).all()
    assert "reduced to 8" in open_picture(tmp_path / "a.ppm").notices[0]


def test_pictures_of_8_bits_stay_so(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png", bits=16).rgb.dtype == torch.uint8


def test_a_deep_picture_is_turned_and_cut_short_ones_are_refused(tmp_path: Path) -> None:
    stored = deep_noise(8, 9, 3)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    save_picture(
        tmp_path / "a.png",
        torch.from_numpy(stored.transpose(2, 0, 1).copy()),
        recipe=None,
        options=FileOptions(exif={ExifTags.Base.Orientation: 6}),
    )
    assert (array(open_picture(tmp_path / "a.png", bits=16)) == np.rot90(stored, -1)).all()
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").write_bytes(data[:-300])
    with pytest.raises(PictureError, match=r"b\.png is damaged or cut short"):
        open_picture(tmp_path / "b.png", bits=16)


# Colour profiles: on levels that 8 bits have too, LittleCMS is the oracle.


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A profile of matrix and curves, or of grey."""
    import struct

    start, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04000000, b"mntr", space, b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def numbers(kind: bytes, *values: float) -> bytes:
    return (
        kind + bytes(4) + b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in values)
    )


TITLE = b"mluc" + bytes(4) + (1).to_bytes(4, "big") + (12).to_bytes(4, "big") + b"enUS"
TITLE += (8).to_bytes(4, "big") + (28).to_bytes(4, "big") + "Test".encode("utf-16-be")
WHITE = numbers(b"XYZ ", 0.9642, 1, 0.8249)
GAMMA = b"curv" + bytes(4) + (1).to_bytes(4, "big") + (563).to_bytes(2, "big") + bytes(2)  # 2.2, Adobe RGB's
TABLE = (
    b"curv" + bytes(4) + (5).to_bytes(4, "big") + np.array([0, 3000, 14000, 35000, 65535], ">u2").tobytes()
)
PARAMETRIC = (
    b"para"
    + bytes(4)
    + (3).to_bytes(2, "big")
    + bytes(2)
    + numbers(b"", 2.4, 0.948, 0.052, 0.0774, 0.0405)[4:]
)
ADOBE = {
    b"rXYZ": numbers(b"XYZ ", 0.60974, 0.31111, 0.01947),
    b"gXYZ": numbers(b"XYZ ", 0.20528, 0.62567, 0.06087),
    b"bXYZ": numbers(b"XYZ ", 0.14919, 0.06322, 0.74457),
}


def test_profiles_of_matrix_and_curves() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (3, 16, 17), dtype=np.uint8)
    for curve in (GAMMA, TABLE, PARAMETRIC):
        with case(curve):
            tags = {b"desc": TITLE, b"wtpt": WHITE, **ADOBE, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
            data = profile(b"RGB ", tags)
            found = profile_to_srgb(rgb.astype(np.uint16) * 257, data)
            assert found is not None
            levels, notices = found
            assert notices == ("Converted from the colour profile 'Test' to sRGB.",)
            image = Image.fromarray(rgb.transpose(1, 2, 0).copy())
            oracle = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(data)),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            )
            assert oracle is not None
            assert np.abs(levels / 257 - np.asarray(oracle).transpose(2, 0, 1)).max() <= 1.5


def test_a_profile_of_grey_and_others() -> None:
    grey = np.arange(0, 65536, 257, dtype=np.uint16).reshape(1, 16, 16)
    found = profile_to_srgb(grey, profile(b"GRAY", {b"desc": TITLE, b"wtpt": WHITE, b"kTRC": GAMMA}))
    assert found is not None
    light = (grey / 65535) ** (563 / 256)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(found[0] - srgb * 65535).max() <= 1
    same = profile_to_srgb(grey, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert same is not None
    assert same[1] == ()
    broken = profile_to_srgb(grey, b"broken")
    assert broken is not None
    assert broken[1] == ("Its colour profile cannot be used, so it was left out.",)
    assert profile_to_srgb(grey, profile(b"RGB ", {b"desc": TITLE, b"A2B0": bytes(40)})) is None


# Writing.


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_are_written_as_they_are(tmp_path: Path, suffix: str, channels: int) -> None:
    stored, path = deep_noise(130, 37, channels), tmp_path / f"a.{suffix}"
    stored[:, :, -1] |= 1
    stored[40:90] = np.arange(37, dtype=np.uint16)[:, None] * 1500  # something to predict
    planes = torch.from_numpy(stored.transpose(2, 0, 1).copy())
    save_picture(path, planes[:3], planes[3:] if channels == 4 else None, recipe=RECIPE)
    independent = decoded_png(path.read_bytes()) if suffix == "png" else tifffile.imread(path)
    assert (independent == stored).all()
    assert read_recipe(path) == RECIPE
    visible = stored[..., -1:] > 0 if channels == 4 else True
    assert (np.where(visible, array(open_picture(path, bits=16)), 0) == np.where(visible, stored, 0)).all()


def test_metadata_that_does_not_fit_into_a_jpeg_is_said(tmp_path: Path) -> None:
    rgb, path = torch.zeros(3, 8, 9, dtype=torch.uint8), tmp_path / "a.jpg"
    options = FileOptions(exif={ExifTags.Base.Artist: "Ann" * 30_000})
    with pytest.raises(PictureError, match="metadata of at most 65000 bytes for JPEG, but with the recipe"):
        save_picture(path, rgb, recipe=RECIPE, options=options)
    assert not path.exists()
    save_picture(path.with_suffix(".tiff"), rgb, recipe=RECIPE, options=options)


def test_other_formats_carry_the_recipe_and_metadata(tmp_path: Path) -> None:
    rgb = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 20, 30), dtype=np.uint8))
    exif = Image.Exif()
    exif[ExifTags.Base.Artist], exif[ExifTags.Base.Orientation] = "Ann", 6
    exif[ExifTags.Base.XResolution] = 300.0
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExposureTime: 0.25, ExifTags.Base.ExifImageWidth: 5}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    Image.new("RGB", (5, 4)).save(tmp_path / "from.jpg", exif=exif)
    carried = read_exif(tmp_path / "from.jpg")
    assert carried is not None
    for suffix in ("png", "jpg", "webp", "tiff"):
        with case(suffix):
            path = tmp_path / f"a.{suffix}"
            save_picture(path, rgb, recipe=RECIPE, options=FileOptions(exif=carried))
            assert read_recipe(path) == RECIPE
            with Image.open(path) as image:
                found = image.getexif()
                assert found[ExifTags.Base.Artist] == "Ann"
                assert ExifTags.Base.Orientation not in found
                assert dict(found.get_ifd(ExifTags.IFD.Exif)) == {ExifTags.Base.ExposureTime: 0.25}
                assert found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
                assert "sRGB" in ImageCms.getProfileName(io.BytesIO(image.info["icc_profile"]))
            picture = open_picture(path)
            assert picture.notices == ()
            if suffix in ("png", "tiff"):
                assert torch.equal(picture.rgb, rgb)
            plain = tmp_path / f"plain.{suffix}"
            save_picture(plain, rgb, recipe=None)
            with Image.open(plain) as image:
                assert ExifTags.Base.Artist not in image.getexif()
                assert "icc_profile" not in image.info


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    deep = torch.zeros(3, 4, 4, dtype=torch.uint16)
    flat = torch.zeros(3, 4, 17000, dtype=torch.uint8)
    for name, rgb, recipe, text in [
        ("a.jpg", deep, None, r"Expected PNG or TIFF for 16 bits per channel, but a\.jpg has 8"),
        ("a.webp", flat, None, "Expected sides of at most 16383 for WEBP, but got 17000"),
        ("a.jpg", flat, "x" * 70000, "Expected a recipe of at most 65000 bytes for JPEG"),
        ("a.bmp", flat, None, r"ends in one of \.png, .*, but got a\.bmp: change the ending"),
    ]:
        with case(text):
            with pytest.raises(PictureError, match=text):
                save_picture(tmp_path / name, rgb, recipe=recipe)
            assert list(tmp_path.iterdir()) == []


def test_16_bits_are_enlarged_by_the_same_filter() -> None:
    # In the middle: in 8 bits Pillow clips what overshoots after the first of two passes.
    levels = torch.from_numpy(np.random.default_rng(0).integers(90, 160, (1, 6, 7), dtype=np.uint8))
    deep = resize_bicubic(torch.from_numpy(levels.numpy().astype(np.uint16) * 257), 4)
    assert deep.dtype == torch.uint16
    assert np.abs(deep.numpy() / 257 - resize_bicubic(levels, 4).numpy()).max() <= 1
