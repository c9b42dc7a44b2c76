"""Frames that only the mixing desk asks for: painted ones, and comparisons with blended pixels."""

from __future__ import annotations

import math
import time
from typing import Any

from torch import Tensor

from dni.images import encode_jpeg
from dni.masking.mask_files import decode_mask
from dni.mix import Mix
from dni.results.masks import Rectangle, render_masked
from dni.serving.regions import FRAME_QUALITY, Frame, Region, frame_of
from dni.serving.studio import Studio
from dni.tradeoff.compare import Comparison, compare_blends
from dni.ui.desk_scene import first_end
from dni.ui.live import encode

__all__ = ["compare", "painted_frame"]


def painted_frame(
    studio: Studio, token: str, pair_id: str, region: Region, mix: Mix, *, mask: str, visitor: str
) -> Frame:
    """A region with the mix where the mask is painted, and the first end elsewhere.

    Args:
        studio: Where picture and networks are.
        token, pair_id: Theirs.
        region: What to render.
        mix: The brush.
        mask: Over the whole picture, as :func:`dni.masking.mask_files.encode_mask` writes it.
        visitor: Who waits for it, in the place of a frame that they still wait for.

    Raises:
        DniError: The picture, networks, region, mix or mask cannot be used.
        dni.serving.schedule.Superseded, dni.render.Cancelled: See :meth:`dni.serving.studio.Studio.compute`.
    """
    picture, renderer = studio.picture(token), studio.renderer(pair_id)
    region.check(picture)
    painting = decode_mask(mask)

    def render() -> Frame:
        started = time.perf_counter()
        notices: list[str] = []
        rgb = render_masked(
            renderer,
            picture.rgb,
            base=first_end(renderer.blend.num_ends),
            brush=mix,
            mask=painting,
            crop=rectangle(region),
            notice=notices.append,
        )
        jpeg = frame_of(rgb, picture, region, renderer.scale)
        return Frame(jpeg, (time.perf_counter() - started) * 1000, " ".join(notices))

    return studio.compute(render, owner=visitor, lane="frame")


def compare(
    studio: Studio, token: str, pair_id: str, region: Region, mix: Mix, *, visitor: str
) -> dict[str, Any]:
    """The blended network's picture of a region, the blended pictures, and where they differ.

    Returns:
        ``network``, ``pixels`` and ``difference`` as JPEGs in base64, and a ``note`` with numbers.

    Raises:
        DniError: The picture, networks, region or mix cannot be used.
        dni.serving.schedule.Superseded, dni.render.Cancelled: See :meth:`dni.serving.studio.Studio.compute`.
    """
    picture, renderer = studio.picture(token), studio.renderer(pair_id)
    region.check(picture)

    def render() -> Comparison:
        return compare_blends(
            renderer, picture.rgb, mix.shares, extrapolate=mix.extrapolate, crop=rectangle(region)
        )

    made = studio.compute(render, owner=visitor, lane="compare")
    parts = {"network": made.network, "pixels": made.pixels, "difference": made.difference}
    return {name: jpeg_of(part) for name, part in parts.items()} | {"note": words(made, mix)}


def rectangle(region: Region) -> Rectangle:
    return Rectangle(region.left, region.top, region.width, region.height)


def jpeg_of(rgb: Tensor) -> str:
    return encode(encode_jpeg(rgb, quality=FRAME_QUALITY))


def words(made: Comparison, mix: Mix) -> str:
    """The numbers in one or two sentences."""
    if math.isinf(made.psnr):
        return "Here both give the same picture: only one network has a share."
    gain = f"the difference is shown {made.gain:.0f} times"
    sentences = [f"The two differ by {made.psnr:.1f} dB PSNR ({gain})."]
    if not math.isnan(made.network_texture):
        sentences.append(
            f"Of the fine texture that the networks have on average, the blended network keeps "
            f"{100 * made.network_texture:.0f} %, the blended pixels {100 * made.pixels_texture:.0f} %."
        )
    if mix.groups:
        sentences.append("All layers get the same shares here.")
    return " ".join(sentences)
