"""Stores the masks of a session, as its browser painted them."""

from __future__ import annotations

import base64
import io
import secrets
import threading

from PIL import PngImagePlugin
from torch import Tensor

from dni.caches import ByteCache
from dni.masks.files import MAX_STORED_SIDE, MaskError, encode_mask, pixels_only
from dni.pictures.picture import to_tensor
from dni.serving.sessions import Session

__all__ = ["MaskStore", "read_canvas"]

MASK_BYTES = 64_000_000
# A stroke makes a mask; only the last few can still be asked for.
MASKS_EACH = 4
# Four channels of noise in base64.
MAX_TEXT = 1_500_000


class MaskStore:
    """Masks as recipes hold them, by an id that is of use to their session only."""

    def __init__(self) -> None:
        self._masks: ByteCache[tuple[int, str], str] = ByteCache(MASK_BYTES, size_of=len)
        self._ids: dict[int, list[str]] = {}
        self._lock = threading.Lock()

    def put(self, mask: Tensor, *, session: Session) -> str:
        """Keep a mask, uint8 (H, W), and give its id."""
        mask_id = secrets.token_urlsafe(16)
        self._masks.put((session.key, mask_id), encode_mask(mask))
        with self._lock:
            held = [*self._ids.get(session.key, ()), mask_id][-MASKS_EACH:]
            self._ids[session.key] = held
        self._masks.drop(lambda key: key[0] == session.key and key[1] not in held)
        session.on_close(self._release)
        return mask_id

    def get(self, mask_id: str, *, session: Session) -> str:
        """The mask's text.

        Raises:
            MaskError: It is not held for this session, or not any more.
        """
        text = self._masks.get((session.key, mask_id))
        if text is None:
            raise MaskError("This mask is no longer held here. Paint one more stroke.")
        return text

    def _release(self, session: Session) -> None:
        """Forget a session's masks."""
        with self._lock:
            self._ids.pop(session.key, None)
        self._masks.drop(lambda key: key[0] == session.key)


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
        data = pixels_only(base64.b64decode(text, validate=True))
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as image:
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
