"""The masks that people paint: read from the browser, and held until they leave."""

from __future__ import annotations

import base64
import io
import secrets

from PIL import PngImagePlugin
from torch import Tensor

from dni.caches import ByteCache
from dni.masks.files import MAX_STORED_SIDE, MaskError, encode_mask
from dni.pictures.picture import to_tensor

__all__ = ["MaskStore", "read_canvas"]

MASK_BYTES = 64_000_000
# A stroke makes a mask; only the last few can still be asked for.
MASKS_EACH = 4
# Four channels of noise in base64.
MAX_TEXT = 1_500_000


class MaskStore:
    """Masks as recipes hold them, by an id that only their owner knows."""

    def __init__(self) -> None:
        self._masks: ByteCache[str, str] = ByteCache(MASK_BYTES, size_of=len)
        self._numbers: dict[str, int] = {}

    def put(self, mask: Tensor, *, owner: str) -> str:
        """Keep a mask, uint8 (H, W), and give its id."""
        number = self._numbers[owner] = self._numbers.get(owner, 0) + 1
        mask_id = f"{owner}.{number}.{secrets.token_urlsafe(12)}"
        self._masks.put(mask_id, encode_mask(mask))
        self._masks.drop(lambda old: owner_of(old) == owner and number_of(old) <= number - MASKS_EACH)
        return mask_id

    def get(self, mask_id: str) -> str:
        """The mask's text.

        Raises:
            MaskError: It is not held, or not any more.
        """
        text = self._masks.get(mask_id)
        if text is None:
            raise MaskError("This mask is no longer held here. Paint one more stroke.")
        return text

    def release(self, owner: str) -> None:
        """Forget a person's masks."""
        self._numbers.pop(owner, None)
        self._masks.drop(lambda mask_id: owner_of(mask_id) == owner)


def owner_of(mask_id: str) -> str:
    return mask_id.rsplit(".", 2)[0]


def number_of(mask_id: str) -> int:
    return int(mask_id.rsplit(".", 2)[1])


def read_canvas(text: str) -> Tensor:
    """A mask as the browser's canvas gives it: a PNG in base64, any colours, white is painted.

    Returns:
        uint8 (H, W), at most 512 pixels a side; the size is looked at before any pixel is decoded.

    Raises:
        MaskError: It is none, or too large.
    """
    if len(text) > MAX_TEXT:
        raise unreadable(f"{len(text)} characters")
    try:
        with PngImagePlugin.PngImageFile(io.BytesIO(base64.b64decode(text, validate=True))) as image:
            if max(image.size) > MAX_STORED_SIDE:
                raise unreadable(f"{image.width}x{image.height}")
            return to_tensor(image.convert("RGB").convert("L"))[0]
    except MaskError:
        raise
    except Exception as error:  # Pillow's decoder raises almost anything on damaged data
        raise unreadable("other data") from error


def unreadable(found: str) -> MaskError:
    return MaskError(
        f"Expected a mask as a PNG of at most {MAX_STORED_SIDE} pixels a side, but got {found}. "
        "Paint it again."
    )
