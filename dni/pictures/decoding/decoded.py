"""A decoded picture as arrays: the step between Pillow's images and tensors, which needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dni.pictures.normalize import REDUCED, normalize

__all__ = ["Decoded", "normalized"]


@dataclass(frozen=True, eq=False)
class Decoded:
    """An sRGB picture, the right way up.

    Attributes:
        rgb: (3, H, W), contiguous; uint8, or uint16 where 16 bits per channel were asked for and are there.
        opacity: (1, H, W) of the same kind, or None where every pixel is opaque.
        notices: Sentences about what was changed while decoding.
        jpeg_quality: Of a JPEG file, 1 to 100, estimated; None of all others.
    """

    rgb: NDArray[Any]
    opacity: NDArray[Any] | None
    notices: tuple[str, ...]
    jpeg_quality: int | None = None

    def reduced(self) -> Decoded:
        """In 8 bits per channel, rounded."""
        if self.rgb.dtype == np.uint8:
            return self
        opacity = None if self.opacity is None else to_8_bits(self.opacity)
        return replace(self, rgb=to_8_bits(self.rgb), opacity=opacity, notices=(*self.notices, REDUCED))


def normalized(image: Image.Image, *, name: str, spent: bool = False) -> Decoded:
    """Any Pillow image in 8 bits; see :func:`dni.pictures.normalize.normalize`.

    Args:
        image: What to normalise.
        name: For messages.
        spent: Give its memory back before more is taken; it is of no use afterwards.
    """
    colour, opacity, notices = normalize(image, name=name)
    if spent and colour is not image:
        image.close()
    return Decoded(planes_of(colour), None if opacity is None else planes_of(opacity), notices)


def planes_of(image: Image.Image) -> NDArray[np.uint8]:
    """The channels of an "L" or "RGB" image, one at a time: uint8 (1 or 3, H, W)."""
    count = len(image.getbands())
    planes = np.empty((count, image.height, image.width), np.uint8)
    for channel in range(count):
        planes[channel] = np.asarray(image.getchannel(channel))
    return planes


def to_8_bits(levels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """uint16 (C, H, W) to the nearest levels of 8 bits, a channel at a time."""
    return np.stack([((plane.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8) for plane in levels])
