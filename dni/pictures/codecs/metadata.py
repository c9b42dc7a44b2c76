"""What is carried over from a picture's file: its EXIF data, and a profile that says sRGB."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageCms

from dni.pictures.read import open_image

__all__ = ["EXIF_FOLDERS", "Exif", "exif_bytes", "read_exif", "srgb_profile"]

Exif = Mapping[int, Any]
"""Values by tag; under the tags of ``EXIF_FOLDERS`` such a mapping again."""

EXIF_FOLDERS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
# Of the main folder only what describes the picture: the rest is how a TIFF file stores it, or turns it.
CARRIED = {
    270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 33432, 40091, 40092, 40093, 40094, 40095,
}  # fmt: skip
# Sides in pixels, which rendering changes, and the folder of the JPEG thumbnail's variants.
NOT_CARRIED = {0xA002, 0xA003, ExifTags.IFD.Interop}


def read_exif(path: Path) -> Exif | None:
    """A picture file's EXIF data without orientation, thumbnail and size; None where it is damaged.

    Raises:
        PictureError: The file cannot be opened.
    """
    with open_image(path) as image:
        try:
            exif = image.getexif()
            carried: dict[int, Any] = {tag: value for tag, value in exif.items() if tag in CARRIED}
            for folder in EXIF_FOLDERS:
                inside = {tag: value for tag, value in exif.get_ifd(folder).items() if tag not in NOT_CARRIED}
                if inside:
                    carried[folder] = inside
            exif_bytes(carried)
        except Exception:  # Pillow's parser of EXIF data raises almost anything on damaged data
            return None
        return carried


def exif_bytes(values: Exif) -> bytes:
    """EXIF data as JPEG, PNG and WebP files hold it."""
    exif = Image.Exif()
    for tag, value in values.items():
        exif[tag] = value
    return exif.tobytes()


@cache
def srgb_profile() -> bytes:
    """LittleCMS's sRGB profile, without the time of its making, so that equal pictures are equal files."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)
    profile[84:100] = bytes(16)
    return bytes(profile)
