"""Frames of the Mixing tab: masked ones, and comparisons with blended pixels."""

from __future__ import annotations

import base64
import math
import time
from typing import Any

from torch import Tensor

from dni.masks.files import decode_mask
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.write import encode_jpeg
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.masked import render_masked
from dni.serving.regions import FRAME_QUALITY, Frame, check_region, check_tile, frame_of
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.tradeoff.compare import Comparison, compare_blends

__all__ = ["compare", "painted_frame"]


def painted_frame(
    service: RenderService, token: str, pair_id: str, request: RenderRequest, *, session: Session
) -> Frame:
    """A region with one mix where a mask is painted, and another elsewhere.

    Args:
        service: Where picture and networks are.
        token, pair_id: Theirs.
        request: Both mixes, the mask, and the region as its crop.
        session: Who waits for it, in the place of a frame that it still waits for.

    Raises:
        DniError: The picture, networks, region, a mix or the mask cannot be used.
        Superseded, Cancelled: See :meth:`dni.serving.scheduling.render_queue.RenderQueue.compute`.
    """
    assert request.brush is not None, "else it is no painted frame"
    assert request.mask is not None, "a request has both"
    picture, renderer = service.picture(token, session), service.renderer(pair_id, session)
    region = region_of(request, picture)
    base, brush, painting = request.mix, request.brush, decode_mask(request.mask)

    def render() -> Frame:
        started = time.perf_counter()
        notices: list[str] = []
        rgb = render_masked(
            renderer,
            picture.rgb,
            base=base,
            brush=brush,
            mask=painting,
            levels=request.levels,
            crop=region,
            control=RenderControl(notice=notices.append),
        )
        jpeg = frame_of(rgb, picture, region, renderer.scale)
        return Frame(jpeg, (time.perf_counter() - started) * 1000, " ".join(notices))

    return service.queue.compute(render, session=session, coalesce_key="frame")


def compare(
    service: RenderService, token: str, pair_id: str, request: RenderRequest, *, session: Session
) -> dict[str, Any]:
    """The blended network's picture of a region, the blended pictures, and where they differ.

    Args:
        service: Where picture and networks are.
        token, pair_id: Theirs.
        request: The mix, the region, and where it is painted.
        session: Who waits for it.

    Returns:
        ``network``, ``pixels`` and ``difference`` as JPEGs in base64, and a ``note`` with numbers.

    Raises:
        DniError: The picture, networks, region, mix or mask cannot be used.
        dni.serving.scheduling.scheduler.Superseded, dni.rendering.control.Cancelled: See
            :meth:`dni.serving.scheduling.render_queue.RenderQueue.compute`.
    """
    picture, renderer = service.picture(token, session), service.renderer(pair_id, session)
    region_of(request, picture)
    check_tile(request, renderer)

    def render() -> Comparison:
        return compare_blends(renderer, picture.rgb, request)

    made = service.queue.compute(render, session=session, coalesce_key="compare")
    parts = {"network": made.network, "pixels": made.pixels, "difference": made.difference}
    return {name: jpeg_of(part) for name, part in parts.items()} | {"note": words(made, request)}


def region_of(request: RenderRequest, picture: Picture) -> Rectangle:
    """The part that is asked for, after a look at whether it lies in the picture and may be live."""
    assert request.crop is not None, "a frame is of a region"
    check_region(request.crop, picture)
    return request.crop


def jpeg_of(rgb: Tensor) -> str:
    return base64.b64encode(encode_jpeg(rgb, quality=FRAME_QUALITY)).decode("ascii")


def words(made: Comparison, request: RenderRequest) -> str:
    """The numbers, and what was compared, in a few sentences."""
    if math.isinf(made.psnr):
        return "Here both give the same picture: only one network has a share."
    gain = f"the difference is shown {made.gain:.0f} times"
    sentences = [f"The two differ by {made.psnr:.1f} dB PSNR ({gain})."]
    if not math.isnan(made.network_texture):
        sentences.append(
            f"Of the fine texture that the networks have on average, the blended network keeps "
            f"{100 * made.network_texture:.0f} %, the blended pixels {100 * made.pixels_texture:.0f} %."
        )
    if (request.brush or request.mix).groups:
        sentences.append(
            "With your layers: only the network has them, the pixels get the same shares as without."
        )
    if request.mask is not None:
        sentences.append("With your mask: both blends are only where it is painted.")
    return " ".join(sentences)
