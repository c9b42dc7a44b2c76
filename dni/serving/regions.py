"""The visible region of a picture, and the JPEG frame that shows it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from torch import Tensor

from dni.blending.shares import Mix, MixLike
from dni.errors import DniError
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import resize_bicubic
from dni.pictures.strips import over_checkerboard, thumbnail_over_checkerboard
from dni.pictures.write import encode_jpeg
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer

__all__ = [
    "MAX_LIVE_PIXELS",
    "MAX_REGION_PIXELS",
    "Frame",
    "RenderServiceError",
    "check_region",
    "check_tile",
    "frame_of",
    "overview_of",
    "render_frame",
]

FRAME_QUALITY = 95
# The largest part of a large picture that is live, in input pixels.
MAX_LIVE_PIXELS = 512 * 512
# A picture that is a little larger is live as a whole (WHOLE_SLACK in web/lib/canvas/view.js).
MAX_REGION_PIXELS = MAX_LIVE_PIXELS * 3 // 2
OVERVIEW_SIDE = 1600


class RenderServiceError(DniError):
    """The service does not hold what was asked for."""


def check_region(region: Rectangle, picture: Picture) -> None:
    """Raise :class:`RenderServiceError` unless the region lies in the picture and may be live."""
    if not region.is_inside(picture.width, picture.height) or region.area > MAX_REGION_PIXELS:
        raise RenderServiceError(
            f"Expected a region of at most {MAX_REGION_PIXELS} pixels inside the "
            f"{picture.width}x{picture.height} picture, but got {region}."
        )


def check_tile(request: RenderRequest | MixLike, renderer: Renderer) -> None:
    """Raise :class:`RenderServiceError` if tiles are so small that most of what they read is overlap."""
    tile = request.tile if isinstance(request, RenderRequest) else None
    least = 2 * renderer.overlap
    if tile is not None and tile < least:
        raise RenderServiceError(
            f"Expected tiles of at least {least} pixels for these networks, but got {tile}. "
            "Leave the tile out, and its size follows from the memory."
        )


@dataclass(frozen=True)
class Frame:
    """A rendered region as a JPEG, and the time that network and encoding took (0 if remembered).

    ``notice`` says in plain words what the renderer had to do differently, if anything.
    """

    jpeg: bytes
    milliseconds: float
    notice: str = ""


def render_frame(renderer: Renderer, picture: Picture, region: Rectangle, mix: Mix) -> Frame:
    """Render a region at a mix, at once: for whoever has the slot.

    Raises:
        RenderServiceError: The region is not in the picture, or too large to be live.
    """
    check_region(region, picture)
    notices: list[str] = []
    started = time.perf_counter()
    rgb = renderer.render_region(picture.rgb, mix, region, control=RenderControl(notice=notices.append))
    if notice := renderer.repairer.notice(mix):
        notices.append(notice)
    jpeg = frame_of(rgb, picture, region, renderer.scale)
    return Frame(jpeg, (time.perf_counter() - started) * 1000, " ".join(notices))


def frame_of(rgb: Tensor, picture: Picture, region: Rectangle, scale: int) -> bytes:
    """Encode an enlarged region, uint8 (3, scale * height, scale * width)."""
    return encode_jpeg(over_checks(rgb, picture, region, scale), quality=FRAME_QUALITY)


def overview_of(picture: Picture, region: Rectangle | None = None) -> bytes:
    """The whole picture, or a region of it, at most 1600 pixels a side, as a JPEG.

    Raises:
        RenderServiceError: The region is not in the picture.
    """
    region = region or picture.whole
    if not region.is_inside(picture.width, picture.height):
        raise RenderServiceError(
            f"Expected a region inside the {picture.width}x{picture.height} picture, but got {region}."
        )
    opacity = None if picture.opacity is None else region.cut(picture.opacity)
    rgb = thumbnail_over_checkerboard(region.cut(picture.rgb), opacity, side=OVERVIEW_SIDE)
    return encode_jpeg(rgb, quality=FRAME_QUALITY)


def over_checks(rgb: Tensor, picture: Picture, region: Rectangle, scale: int) -> Tensor:
    """Lay an enlarged region of a translucent picture over a checkerboard, since a JPEG has no opacity.

    ``rgb`` and the result are uint8 (3, scale * height, scale * width).
    """
    if picture.opacity is None:
        return rgb
    opacity = resize_bicubic(region.cut(picture.opacity), scale)
    return over_checkerboard(rgb, opacity, left=region.left * scale, top=region.top * scale)
