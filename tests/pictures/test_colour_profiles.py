"""Colours of a picture with an ICC profile, and of CMYK without one, as sRGB."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from cases import case
from PIL import Image, ImageCms

from dni.pictures.picture import Picture, from_pil
from dni.pictures.read import open_picture


def pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def array(picture: Picture) -> np.ndarray:
    return picture.rgb.permute(1, 2, 0).numpy()


def swapped_profile() -> bytes:
    """sRGB with the red and green primaries exchanged, under another name."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    return profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


def cmyk_profile() -> bytes:
    """A printer whose cyan ink is red: paper is white, cyan alone is Lab (54, 81, 70), all else is black."""
    colours = np.zeros((2, 2, 2, 2, 3), np.uint8)
    colours[..., 1:] = 128
    colours[0, 0, 0, 0, 0] = 255
    colours[1, 0, 0, 0] = (137, 128 + 81, 128 + 70)
    identity = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 * value for value in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table = (
        b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + identity * 4 + colours.tobytes() + identity * 3
    )
    title = b"desc" + bytes(4) + struct.pack(">I", 8) + b"red ink\0" + bytes(79)
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I4sII4sII", 2, b"desc", start, len(title), b"A2B0", start + len(title), len(table))
    body = tags + title + table
    header = struct.pack(">I4sI4s4s4s", 128 + len(body), bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + body


def with_profile(image: Image.Image, profile: bytes) -> Picture:
    image.info["icc_profile"] = profile
    return from_pil(image, name="a")


def test_a_colour_profile_is_applied() -> None:
    stored = pixels(8, 8, 4)
    stored[..., 3] = 255 - stored[..., 3] % 3  # nothing hidden
    picture = with_profile(Image.fromarray(stored), swapped_profile())
    assert picture.notices == ("Converted from the colour profile 'swap built-in' to sRGB.",)
    assert np.abs(array(picture).astype(int) - stored[..., (1, 0, 2)]).max() <= 1
    assert picture.opacity is not None
    assert (picture.opacity[0].numpy() == stored[..., 3]).all()


def test_a_profile_in_a_file_is_applied(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (250, 10, 60)).save(tmp_path / "a.png", icc_profile=swapped_profile())
    assert np.abs(array(open_picture(tmp_path / "a.png"))[0, 0].astype(int) - (10, 250, 60)).max() <= 1


def test_srgb_pictures_keep_every_value() -> None:
    stored = pixels(16, 16, 3)
    picture = with_profile(
        Image.fromarray(stored), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    assert (array(picture) == stored).all()
    assert picture.notices == ()


def test_grey_with_a_profile_of_rgb() -> None:
    stored = pixels(8, 8)
    picture = with_profile(Image.fromarray(stored), swapped_profile())
    assert np.abs(array(picture).astype(int) - stored[..., None]).max() <= 2
    assert picture.notices[0].startswith("Converted")


def test_cmyk_with_its_profile() -> None:
    image = Image.fromarray(np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255]]], np.uint8), "CMYK")
    picture = with_profile(image, cmyk_profile())
    assert picture.notices == ("Converted from the colour profile 'red ink' to sRGB.",)
    assert np.abs(array(picture)[0].astype(int) - ((255, 255, 255), (255, 0, 0), (0, 0, 0))).max() <= 4


def test_cmyk_without_a_profile(tmp_path: Path) -> None:
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[..., 1] = 255
    Image.fromarray(ink, "CMYK").save(tmp_path / "a.jpg", quality=100)
    picture = open_picture(tmp_path / "a.jpg")
    assert np.abs(array(picture).astype(int) - (255, 0, 255)).max() <= 3
    assert picture.notices == ("Converted from CMYK without a colour profile, so its colours are a guess.",)


MISFITS = [b"broken", swapped_profile()[:300], cmyk_profile()]


def test_a_profile_that_does_not_fit_is_left_out() -> None:
    for profile in MISFITS:
        with case(profile):
            stored = pixels(4, 4, 3)
            picture = with_profile(Image.fromarray(stored), profile)
            assert (array(picture) == stored).all()
            assert picture.notices == ("Its colour profile cannot be used, so it was left out.",)
