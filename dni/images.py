"""Picture files to tensors and back: what may be opened, how large, and how results are written.

Only the formats in ``FORMATS`` are opened: Pillow knows more, but some start other programs (EPS) or hide a
large picture inside a small one (ICO).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, PngImagePlugin, UnidentifiedImageError
from torch import Tensor

from dni.pixels import PictureError, normalize
from dni.whole_file import whole_file

__all__ = [
    "MAX_PIXELS",
    "Picture",
    "PictureError",
    "encode_jpeg",
    "from_pil",
    "open_picture",
    "read_recipe",
    "reduce_bicubic",
    "resize_bicubic",
    "save_png",
    "to_pil",
    "to_tensor",
]

MAX_PIXELS = 50_000_000
# Two thirds less time than zlib's usual 6 on enlarged photographs, for files that are 2 to 7 percent larger.
PNG_LEVEL = 4
FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
RECIPE_KEY = "dni"


@dataclass(frozen=True, eq=False)
class Picture:
    """An sRGB picture, the right way up.

    Attributes:
        rgb: uint8 (3, H, W) on the CPU.
        opacity: uint8 (1, H, W), or None where every pixel is opaque.
        name: The file's name, for messages and downloads.
        notices: Sentences about what was changed while reading.
    """

    rgb: Tensor
    opacity: Tensor | None
    name: str
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self.rgb, self.opacity)

    @property
    def height(self) -> int:
        return self.rgb.shape[1]

    @property
    def width(self) -> int:
        return self.rgb.shape[2]


def open_picture(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read a picture file; its size is looked at before any pixel is decoded.

    Raises:
        PictureError: The file is missing, empty, no picture, damaged, larger than ``max_pixels``, or of a
            kind that has no faithful 8-bit sRGB form (32-bit values, Lab).
    """
    path = Path(path)
    with _open(path, max_pixels=max_pixels) as image:
        try:
            return from_pil(image, name=path.name)
        except PictureError:
            raise
        except Exception as error:  # Pillow's decoders raise almost anything on a damaged file
            raise PictureError(
                f"Expected a whole picture, but {path.name} is damaged or cut short ({_reason(error)}): "
                "copy or export it again."
            ) from error


def from_pil(image: Image.Image, *, name: str) -> Picture:
    """Any Pillow image to a picture: turned upright, 8 bits, sRGB; see ``dni.pixels.normalize``.

    Raises:
        PictureError: The image has no pixels, or its kind of pixel has no faithful 8-bit sRGB form.
    """
    colour, opacity, notices = normalize(image, name=name)
    return Picture(
        rgb=to_tensor(colour),
        opacity=None if opacity is None else to_tensor(opacity),
        name=name,
        notices=notices,
    )


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _open(path: Path, *, max_pixels: int) -> Image.Image:
    """A picture file with only its header read, of an allowed size; the caller closes it."""
    _check_file(path)
    _register_heif()
    try:
        image = Image.open(path, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        count = re.search(r"\d+", str(error))  # Pillow tells the number of pixels in its text only
        raise _too_large(path, int(count[0]) if count else 0, max_pixels) from error
    except Exception as error:  # as in open_picture
        found = "is none" if isinstance(error, UnidentifiedImageError) else f"is damaged ({_reason(error)})"
        raise PictureError(
            f"Expected a picture ({', '.join(FORMATS)}), but {path.name} {found}: export it as PNG or JPEG."
        ) from error
    if image.width * image.height > max_pixels:
        image.close()
        raise _too_large(path, image.width * image.height, max_pixels)
    return image


def _check_file(path: Path) -> None:
    if not path.is_file():
        found = "is not a file" if path.exists() else "does not exist"
        raise PictureError(f"Expected a picture file, but {path} {found}: check the name.")
    if path.stat().st_size == 0:
        raise PictureError(f"Expected a picture, but {path.name} is empty: copy or export it again.")


def _reason(error: Exception) -> str:
    """What a library says, on one line and without the file's place on this machine."""
    text = error.strerror if isinstance(error, OSError) else None
    return " ".join((text or str(error)).split())


def _too_large(path: Path, pixels: int, max_pixels: int) -> PictureError:
    return PictureError(
        f"Expected at most {max_pixels / 1e6:g} megapixels, but {path.name} has {pixels / 1e6:.2f}: "
        "make it smaller or cut a part out of it."
    )


def _check(rgb: Tensor, opacity: Tensor | None = None) -> None:
    if rgb.dtype != torch.uint8 or rgb.ndim != 3 or rgb.shape[0] != 3 or 0 in rgb.shape:
        raise ValueError(f"Expected uint8 of shape (3, H, W), but got {rgb.dtype} of {tuple(rgb.shape)}.")
    if opacity is not None and (opacity.dtype != torch.uint8 or opacity.shape != (1, *rgb.shape[1:])):
        raise ValueError(
            f"Expected opacity as uint8 of shape {(1, *rgb.shape[1:])}, but got {opacity.dtype} of "
            f"{tuple(opacity.shape)}."
        )


def to_tensor(image: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(image))  # (H, W) or (H, W, 3)
    return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1).contiguous()


def to_pil(rgb: Tensor, opacity: Tensor | None = None) -> Image.Image:
    """uint8 (3, H, W) and perhaps (1, H, W) to an "RGB" or "RGBA" image.

    Raises:
        ValueError: Another shape or dtype.
    """
    _check(rgb, opacity)
    parts = rgb if opacity is None else torch.cat((rgb, opacity))
    return Image.fromarray(parts.permute(1, 2, 0).contiguous().cpu().numpy())


def resize_bicubic(pixels: Tensor, scale: int) -> Tensor:
    """Enlarge uint8 (1, H, W) or (3, H, W) to (C, scale * H, scale * W) with Pillow's bicubic filter.

    Raises:
        ValueError: Another shape or dtype.
    """
    channels = pixels.shape[0]
    image = to_pil(pixels.expand(3, -1, -1) if channels == 1 else pixels)
    larger = image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)
    return to_tensor(larger)[:channels]


def reduce_bicubic(image: Tensor, scale: int) -> Tensor:
    """Reduce with antialiasing as the literature does: Pillow's ``BICUBIC``, on 8-bit levels.

    Args:
        image: Float (1, 3, H, W) in [0, 1], or uint8 (3, H, W); sides divisible by ``scale``.
        scale: By how much.

    Returns:
        The same kind, with sides divided by ``scale``.

    Raises:
        PictureError: A side is not divisible.
    """
    height, width = image.shape[-2:]
    if height % scale or width % scale:
        raise PictureError(
            f"Expected sides divisible by {scale}, but got {width}x{height}. Cut the rest off."
        )
    levels = image if image.dtype == torch.uint8 else (image[0] * 255).round().to(torch.uint8)
    small = to_tensor(to_pil(levels).resize((width // scale, height // scale), Image.Resampling.BICUBIC))
    return small if image.dtype == torch.uint8 else small[None].float() / 255


def encode_jpeg(rgb: Tensor, *, quality: int = 90) -> bytes:
    """uint8 (3, H, W) to a JPEG file without chroma subsampling (4:4:4)."""
    buffer = io.BytesIO()
    to_pil(rgb).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def save_png(path: str | Path, rgb: Tensor, opacity: Tensor | None = None, *, recipe: str | None) -> None:
    """Write losslessly, with the recipe in an iTXt chunk; the file appears whole or not at all.

    Raises:
        PictureError: The name does not end in ``.png``, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise PictureError(f"Expected a file name that ends in .png, but got {path.name}: change the ending.")
    image, text = to_pil(rgb, opacity), PngImagePlugin.PngInfo()
    if recipe is not None:
        text.add_itxt(RECIPE_KEY, recipe)
    with whole_file(path, error_type=PictureError) as partial:
        image.save(partial, "PNG", pnginfo=text, compress_level=PNG_LEVEL)


def read_recipe(path: str | Path) -> str | None:
    """The recipe that ``save_png`` stored, or None for any other picture; only the header is read.

    Raises:
        PictureError: The file is missing, empty, or a damaged PNG file.
    """
    path = Path(path)
    _check_file(path)
    try:
        # Not Image.open: an enlarged picture may exceed what Pillow agrees to open, and no pixel is needed.
        with PngImagePlugin.PngImageFile(path) as image:
            recipe = image.info.get(RECIPE_KEY)
    except SyntaxError:  # Pillow's word for "not a PNG file"
        return None
    except Exception as error:  # as in open_picture
        raise PictureError(
            f"Expected a whole PNG picture, but {path.name} is damaged ({_reason(error)}): save it again."
        ) from error
    return None if recipe is None else str(recipe)
