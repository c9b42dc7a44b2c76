"""Carries out a render request: the part of the picture that it asks for, at its mixes."""

from __future__ import annotations

import torch
from torch import Tensor

from dni.blending.blend import refined
from dni.masks.files import decode_mask
from dni.pictures.picture import Picture, to_16_bits
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import resize_bicubic
from dni.recipes.render_request import RenderRequest, RenderRequestError
from dni.rendering.batch_norms import has_batch_norms, statistics_of
from dni.rendering.control import RenderControl
from dni.rendering.jobs import Bits, cut_notice, part_of, surroundings_of
from dni.rendering.masked import Kept, render_masked
from dni.rendering.renderer import Renderer
from dni.rendering.tiles import tile_of

__all__ = ["Kept", "render_request"]

# How far Pillow's bicubic filter reads when it enlarges, in input pixels.
BICUBIC_RADIUS = 2


def render_request(
    picture: Picture,
    renderer: Renderer,
    request: RenderRequest,
    *,
    control: RenderControl | None = None,
    kept: Kept | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Render what a request asks for; the opacity is enlarged alongside by bicubic interpolation.

    Networks of four channels render the opacity too, except with a mask.

    A crop is rendered with the surroundings that the network sees, so it equals that part of the whole.

    Args:
        picture: What to render.
        renderer: The loaded ends.
        request: The mixes, mask, crop and tiles.
        control: Progress, notices, cancellation and slots.
        kept: What is outside of a mask, for several requests; see :func:`dni.rendering.masked.render_masked`.

    Returns:
        uint8, or uint16 where 16 bits are asked for, (3, scale * height, scale * width) of the crop or the
        whole picture, and its opacity as (1, same), or None where every pixel is opaque.

    Raises:
        RenderRequestError: The crop is not inside the picture.
        DniError: The picture, a mix or the mask cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    control = control or RenderControl()
    crop = crop_of(picture, request)
    if request.bits == 8:
        picture = picture.reduced()
    if picture.opacity is not None and renderer.takes_opacity and request.mask is None:
        pixels = torch.cat((picture.rgb, picture.opacity))
        rendered = render_mixed(picture, pixels, renderer, request, crop, control)
        return rendered[:3], rendered[3:]
    opacity = enlarged_opacity(picture, crop, renderer.scale, request.bits)
    return render_colours(picture, renderer, request, crop, control, kept), opacity


def crop_of(picture: Picture, request: RenderRequest) -> Rectangle:
    """The part of the picture that is asked for."""
    crop = request.crop or picture.whole
    crop.check_inside(picture.width, picture.height, name="crop", error_type=RenderRequestError)
    return crop


def render_colours(
    picture: Picture,
    renderer: Renderer,
    request: RenderRequest,
    crop: Rectangle,
    control: RenderControl,
    kept: Kept | None,
) -> Tensor:
    """The crop without its opacity, with the batch norms' statistics of this picture if that is asked for."""
    refine = None
    if request.recompute_statistics and has_batch_norms(renderer.network.module):
        refine = statistics_of([picture.rgb], renderer.network)
    with refined(refine):
        if request.mask is None:
            return render_mixed(picture, picture.rgb, renderer, request, crop, control)
        assert request.brush is not None, "a request has both or neither"
        return render_masked(
            renderer,
            picture.rgb,
            base=request.mix,
            brush=request.brush,
            mask=decode_mask(request.mask),
            levels=request.levels,
            crop=crop,
            tile=request.tile,
            bits=request.bits,
            control=control,
            kept=kept,
        )


def render_mixed(
    picture: Picture,
    pixels: Tensor,
    renderer: Renderer,
    request: RenderRequest,
    crop: Rectangle,
    control: RenderControl,
) -> Tensor:
    """The crop of uint8 (3, H, W), or of (4, H, W) with the opacity."""
    window = crop
    if request.crop is not None:
        window = window_of(picture, renderer, request, crop, control)
    rgb = renderer.render(
        window.cut(pixels), request.mix, tile=request.tile, bits=request.bits, control=control
    )
    return crop.relative_to(window).scaled(renderer.scale).cut(rgb)


def window_of(
    picture: Picture, renderer: Renderer, request: RenderRequest, crop: Rectangle, control: RenderControl
) -> Rectangle:
    """What is rendered for a crop; the first time, a network with windows or pooling is measured."""
    height, width = picture.height, picture.width
    with control.slot():
        around = surroundings_of(renderer, crop, height, width, request.mix, bits=request.bits)
    if around and around.is_global:
        control.notify(cut_notice(renderer.network.architecture, around))
    return part_of(crop, height, width, around).window


def enlarged_opacity(picture: Picture, crop: Rectangle, scale: int, bits: Bits) -> Tensor | None:
    """The opacity of a crop by bicubic interpolation: as many bits, (1, scale * height, scale * width).

    None where every pixel is opaque.
    """
    opacity = picture.opacity
    if opacity is None:
        return None
    if bits == 16:
        opacity = to_16_bits(opacity)
    window = tile_of(crop, width=picture.width, height=picture.height, overlap=BICUBIC_RADIUS).window
    larger = resize_bicubic(window.cut(opacity), scale)
    return crop.relative_to(window).scaled(scale).cut(larger)
