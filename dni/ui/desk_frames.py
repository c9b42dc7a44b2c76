"""Frames that only the mixing desk asks for: painted ones, and comparisons with blended pixels."""

from __future__ import annotations

import math
import time
from typing import Any

from torch import Tensor

from dni.images import Picture, encode_jpeg
from dni.masking.mask_files import decode_mask
from dni.recipes.order import Order
from dni.results.masks import Rectangle, render_masked
from dni.serving.regions import FRAME_QUALITY, Frame, Region, frame_of
from dni.serving.studio import Studio
from dni.tradeoff.compare import Comparison, compare_blends
from dni.ui.live import encode

__all__ = ["compare", "painted_frame"]


def painted_frame(studio: Studio, token: str, pair_id: str, order: Order, *, visitor: str) -> Frame:
    """A region with one mix where a mask is painted, and another elsewhere.

    Args:
        studio: Where picture and networks are.
        token, pair_id: Theirs.
        order: Both mixes, the mask, and the region as its crop.
        visitor: Who waits for it, in the place of a frame that they still wait for.

    Raises:
        DniError: The picture, networks, region, a mix or the mask cannot be used.
        dni.serving.schedule.Superseded, dni.render.Cancelled: See :meth:`dni.serving.studio.Studio.compute`.
    """
    assert order.brush is not None, "else it is no painted frame"
    assert order.mask is not None, "an order has both"
    picture, renderer = studio.picture(token), studio.renderer(pair_id)
    region = region_of(order, picture)
    base, brush, painting = order.mix, order.brush, decode_mask(order.mask)

    def render() -> Frame:
        started = time.perf_counter()
        notices: list[str] = []
        rgb = render_masked(
            renderer,
            picture.rgb,
            base=base,
            brush=brush,
            mask=painting,
            levels=order.levels,
            crop=Rectangle(region.left, region.top, region.width, region.height),
            notice=notices.append,
        )
        jpeg = frame_of(rgb, picture, region, renderer.scale)
        return Frame(jpeg, (time.perf_counter() - started) * 1000, " ".join(notices))

    return studio.compute(render, owner=visitor, lane="frame")


def compare(studio: Studio, token: str, pair_id: str, order: Order, *, visitor: str) -> dict[str, Any]:
    """The blended network's picture of a region, the blended pictures, and where they differ.

    Args:
        studio: Where picture and networks are.
        token, pair_id: Theirs.
        order: The mix, the region, and where it is painted.
        visitor: Who waits for it.

    Returns:
        ``network``, ``pixels`` and ``difference`` as JPEGs in base64, and a ``note`` with numbers.

    Raises:
        DniError: The picture, networks, region, mix or mask cannot be used.
        dni.serving.schedule.Superseded, dni.render.Cancelled: See :meth:`dni.serving.studio.Studio.compute`.
    """
    picture, renderer = studio.picture(token), studio.renderer(pair_id)
    region_of(order, picture)

    def render() -> Comparison:
        return compare_blends(renderer, picture.rgb, order)

    made = studio.compute(render, owner=visitor, lane="compare")
    parts = {"network": made.network, "pixels": made.pixels, "difference": made.difference}
    return {name: jpeg_of(part) for name, part in parts.items()} | {"note": words(made, order)}


def region_of(order: Order, picture: Picture) -> Region:
    """The part of an order, after a look at whether it lies in the picture and may be live."""
    assert order.crop is not None, "a frame is of a region"
    region = Region(*order.crop)
    region.check(picture)
    return region


def jpeg_of(rgb: Tensor) -> str:
    return encode(encode_jpeg(rgb, quality=FRAME_QUALITY))


def words(made: Comparison, order: Order) -> str:
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
    if (order.brush or order.mix).groups:
        sentences.append(
            "With your layers: only the network has them, the pixels get the same shares as without."
        )
    if order.mask is not None:
        sentences.append("With your mask: both blends are only where it is painted.")
    return " ".join(sentences)
