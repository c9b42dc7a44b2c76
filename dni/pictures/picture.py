"""A picture in memory: sRGB levels and opacity as tensors, from and to Pillow images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dni.pictures.decoding.decoded import Decoded, normalized
from dni.pictures.rectangle import Rectangle

__all__ = ["Picture", "from_pil", "of_decoded", "to_16_bits", "to_pil", "to_tensor"]


@dataclass(frozen=True, eq=False)
class Picture:
    """An sRGB picture, the right way up.

    Attributes:
        rgb: uint8 (3, H, W) on the CPU; uint16 where 16 bits per channel were asked for and are there.
        opacity: (1, H, W) of the same kind, or None where every pixel is opaque.
        name: The file's name, for messages and downloads.
        notices: Sentences about what was changed while reading.
        jpeg_quality: Of a JPEG file, 1 to 100, estimated from its tables; None of all others.
    """

    rgb: Tensor
    opacity: Tensor | None
    name: str
    notices: tuple[str, ...] = ()
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        _check(self.rgb, self.opacity, dtypes=(torch.uint8, torch.uint16))

    @property
    def height(self) -> int:
        return self.rgb.shape[1]

    @property
    def width(self) -> int:
        return self.rgb.shape[2]

    def reduced(self) -> Picture:
        """In 8 bits per channel, rounded."""
        if self.rgb.dtype == torch.uint8:
            return self
        opacity = None if self.opacity is None else self.opacity.numpy()
        return of_decoded(Decoded(self.rgb.numpy(), opacity, self.notices).reduced(), name=self.name)

    @property
    def whole(self) -> Rectangle:
        """All of it, as a rectangle."""
        return Rectangle.whole(self.width, self.height)


def from_pil(image: Image.Image, *, name: str) -> Picture:
    """Any Pillow image to a picture: turned upright, 8 bits, sRGB; see ``dni.pictures.normalize.normalize``.

    Raises:
        PictureError: The image has no pixels, or its kind of pixel has no faithful 8-bit sRGB form.
    """
    return of_decoded(normalized(image, name=name), name=name)


def of_decoded(decoded: Decoded, *, name: str) -> Picture:
    """The same picture as tensors, which share its memory."""
    return Picture(
        rgb=torch.from_numpy(decoded.rgb),
        opacity=None if decoded.opacity is None else torch.from_numpy(decoded.opacity),
        name=name,
        notices=decoded.notices,
        jpeg_quality=decoded.jpeg_quality,
    )


def _check(
    rgb: Tensor, opacity: Tensor | None = None, *, dtypes: tuple[torch.dtype, ...] = (torch.uint8,)
) -> None:
    if rgb.dtype not in dtypes or rgb.ndim != 3 or rgb.shape[0] != 3 or 0 in rgb.shape:
        raise ValueError(f"Expected uint8 of shape (3, H, W), but got {rgb.dtype} of {tuple(rgb.shape)}.")
    if opacity is not None and (opacity.dtype != rgb.dtype or opacity.shape != (1, *rgb.shape[1:])):
        kind = str(rgb.dtype).removeprefix("torch.")
        raise ValueError(
            f"Expected opacity as {kind} of shape {(1, *rgb.shape[1:])}, but got {opacity.dtype} of "
            f"{tuple(opacity.shape)}."
        )


def to_16_bits(levels: Tensor) -> Tensor:
    """uint8 to uint16, 255 becoming 65535; uint16 as it is."""
    if levels.dtype == torch.uint16:
        return levels
    return torch.from_numpy(levels.numpy().astype(np.uint16) * 257)


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
