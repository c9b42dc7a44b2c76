"""Picture files: PNG, TIFF, JPEG and WebP with the recipe that made them, and JPEG for frames."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import ExifTags, Image, PngImagePlugin
from torch import Tensor

from dni.checkpoints.atomic_write import atomic_write
from dni.pictures.codecs.formats import WRITTEN_FORMATS, format_of
from dni.pictures.codecs.metadata import Exif, exif_bytes, srgb_profile
from dni.pictures.codecs.png16 import itxt, write_png16
from dni.pictures.codecs.tiff import write_tiff
from dni.pictures.normalize import PictureError
from dni.pictures.picture import to_pil
from dni.pictures.read import RECIPE_KEY, RECIPE_PREFIX

__all__ = ["FileOptions", "check_file_options", "encode_jpeg", "save_picture", "save_png"]

# Two thirds less time than zlib's usual 6 on enlarged photographs, for files that are 2 to 7 percent larger.
PNG_LEVEL = 4
DEEP_FORMATS = {"PNG", "TIFF"}
LOSSY_FORMATS = {"JPEG", "WEBP"}
LARGEST_SIDES = {"JPEG": 65500, "WEBP": 16383}
JPEG_EXIF_BYTES = 65000


@dataclass(frozen=True)
class FileOptions:
    """How a picture is written.

    Args:
        quality: 1 to 100, of JPEG and WebP.
        exif: What the picture's own file said about it, to be carried over with a profile that says sRGB;
            None to write neither. See :func:`dni.pictures.codecs.metadata.read_exif`.
    """

    quality: int = 95
    exif: Exif | None = None


def encode_jpeg(rgb: Tensor, *, quality: int = 90) -> bytes:
    """uint8 (3, H, W) to a JPEG file without chroma subsampling (4:4:4)."""
    buffer = io.BytesIO()
    to_pil(rgb).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def check_file_options(path: Path, *, width: int, height: int, bits: int, recipe: str) -> None:
    """Find out before the work that a kind of file cannot hold a picture.

    Raises:
        PictureError: The name's ending is not known, or this format has no room for the sides, the bits or
            the recipe.
    """
    kind = format_of(path)
    if kind is None:
        raise PictureError(
            f"Expected a name that ends in one of {', '.join(WRITTEN_FORMATS)}, but got {path.name}: "
            "change the ending."
        )
    side = max(width, height)
    if side > (largest := LARGEST_SIDES.get(kind, side)):
        raise PictureError(
            f"Expected sides of at most {largest} for {kind}, but got {side}: choose PNG or TIFF."
        )
    if bits == 16 and kind not in DEEP_FORMATS:
        raise PictureError(
            f"Expected PNG or TIFF for 16 bits per channel, but {path.name} has 8: change the ending."
        )
    if kind == "JPEG" and len(recipe) > JPEG_EXIF_BYTES:
        raise PictureError(
            f"Expected a recipe of at most {JPEG_EXIF_BYTES} bytes for JPEG, but this one, with its mask, "
            f"has {len(recipe)}: choose PNG, TIFF or WebP."
        )


def save_png(path: str | Path, rgb: Tensor, opacity: Tensor | None = None, *, recipe: str | None) -> None:
    """Write losslessly as PNG; see :func:`save_picture`.

    Raises:
        PictureError: The name does not end in ``.png``, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise PictureError(f"Expected a file name that ends in .png, but got {path.name}: change the ending.")
    save_picture(path, rgb, opacity, recipe=recipe)


def save_picture(
    path: Path,
    rgb: Tensor,
    opacity: Tensor | None = None,
    *,
    recipe: str | None,
    options: FileOptions | None = None,
) -> None:
    """Write a picture in the format of its name's ending; the file appears whole or not at all.

    PNG has the recipe in an iTXt chunk, other formats in EXIF's ``Software``. JPEG has no opacity: colours
    are laid over white there.

    Args:
        path: Ends in .png, .tif, .tiff, .jpg, .jpeg or .webp.
        rgb: uint8 (3, H, W) on the CPU; uint16 for PNG and TIFF of 16 bits.
        opacity: (1, H, W) of the same kind, or None where every pixel is opaque.
        recipe: As JSON, or None for none.
        options: Quality, and what is carried over.

    Raises:
        PictureError: The format cannot hold the picture, or the file cannot be written.
    """
    options = options or FileOptions()
    bits = 16 if rgb.dtype == torch.uint16 else 8
    check_file_options(path, width=rgb.shape[2], height=rgb.shape[1], bits=bits, recipe=recipe or "")
    write = {"PNG": write_png, "TIFF": write_as_tiff}.get(format_of(path) or "", write_lossy)
    with atomic_write(path, error_type=PictureError) as partial:
        write(partial, rgb, opacity, recipe, options, format_of(path))


def write_png(
    path: Path, rgb: Tensor, opacity: Tensor | None, recipe: str | None, options: FileOptions, _: str | None
) -> None:
    if rgb.dtype == torch.uint16:
        chunks = [] if recipe is None else [itxt(RECIPE_KEY, recipe)]
        if options.exif is not None:
            exif = exif_bytes(options.exif).removeprefix(b"Exif\0\0")
            first = [(b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile()))]
            chunks = [*first, *([(b"eXIf", exif)] if options.exif else []), *chunks]
        write_png16(path, rgb, opacity, chunks=chunks, level=PNG_LEVEL)
        return
    text, carried = PngImagePlugin.PngInfo(), carried_over(options, None)
    if recipe is not None:
        text.add_itxt(RECIPE_KEY, recipe)
    to_pil(rgb, opacity).save(path, "PNG", pnginfo=text, compress_level=PNG_LEVEL, **carried)


def write_as_tiff(
    path: Path, rgb: Tensor, opacity: Tensor | None, recipe: str | None, options: FileOptions, _: str | None
) -> None:
    profile = None if options.exif is None else srgb_profile()
    exif = with_recipe(options.exif or {}, recipe)
    write_tiff(path, rgb, opacity, exif=exif, profile=profile, level=PNG_LEVEL)


def write_lossy(
    path: Path,
    rgb: Tensor,
    opacity: Tensor | None,
    recipe: str | None,
    options: FileOptions,
    kind: str | None,
) -> None:
    image, only = to_pil(rgb, opacity), {}
    if kind == "JPEG":
        only = {"subsampling": 0}
        if opacity is not None:
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image).convert("RGB")
    carried = carried_over(options, recipe)
    if kind == "JPEG" and len(carried.get("exif", b"")) > JPEG_EXIF_BYTES:
        raise PictureError(
            f"Expected metadata of at most {JPEG_EXIF_BYTES} bytes for JPEG, but with the recipe there are "
            f"{len(carried['exif'])}: leave the metadata out, or choose PNG, TIFF or WebP."
        )
    image.save(path, kind, quality=options.quality, **only, **carried)


def carried_over(options: FileOptions, recipe: str | None) -> dict[str, Any]:
    """Pillow's options for metadata."""
    exif = with_recipe(options.exif or {}, recipe)
    profile = {} if options.exif is None else {"icc_profile": srgb_profile()}
    return {**profile, **({"exif": exif_bytes(exif)} if exif else {})}


def with_recipe(exif: Exif, recipe: str | None) -> Exif:
    """EXIF data that names us as the software, with the recipe."""
    return exif if recipe is None else {**exif, ExifTags.Base.Software: RECIPE_PREFIX + recipe}
