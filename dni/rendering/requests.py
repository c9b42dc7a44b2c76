"""Carries out a render request: the part of the picture that it asks for, at its mixes."""

from __future__ import annotations

from torch import Tensor

from dni.blending.blend import refined
from dni.masks.files import decode_mask
from dni.pictures.picture import Picture, to_16_bits
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import resize_bicubic
from dni.recipes.render_request import RenderRequest, RenderRequestError
from dni.rendering.batch_norms import has_batch_norms, statistics_of
from dni.rendering.control import RenderControl
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
    opacity = picture.opacity
    if opacity is not None:
        window = surroundings(crop, picture, overlap=BICUBIC_RADIUS)
        if request.bits == 16:
            opacity = to_16_bits(opacity)
        larger = resize_bicubic(window.cut(opacity), renderer.scale)
        opacity = crop.relative_to(window).scaled(renderer.scale).cut(larger)
    refine = None
    if request.recompute_statistics and has_batch_norms(renderer.network.module):
        refine = statistics_of([picture.rgb], renderer.network)
    with refined(refine):
        if request.mask is None:
            return render_mixed(picture, renderer, request, crop, control), opacity
        return render_painted(picture, renderer, request, crop, control, kept), opacity


def crop_of(picture: Picture, request: RenderRequest) -> Rectangle:
    """The part of the picture that is asked for."""
    crop = request.crop or picture.whole
    crop.check_inside(picture.width, picture.height, name="crop", error_type=RenderRequestError)
    return crop


def render_painted(
    picture: Picture,
    renderer: Renderer,
    request: RenderRequest,
    crop: Rectangle,
    control: RenderControl,
    kept: Kept | None,
) -> Tensor:
    assert request.mask is not None, "the caller has looked"
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
    picture: Picture, renderer: Renderer, request: RenderRequest, crop: Rectangle, control: RenderControl
) -> Tensor:
    window = crop
    if request.crop is not None:
        multiple = renderer.network.multiple_of
        window = surroundings(crop, picture, overlap=renderer.overlap, multiple=multiple)
    rgb = renderer.render(
        window.cut(picture.rgb), request.mix, tile=request.tile, bits=request.bits, control=control
    )
    return crop.relative_to(window).scaled(renderer.scale).cut(rgb)


def surroundings(crop: Rectangle, picture: Picture, *, overlap: int, multiple: int = 1) -> Rectangle:
    """The crop with what is read around it, within the picture."""
    width, height = picture.width, picture.height
    return tile_of(crop, width=width, height=height, overlap=overlap, multiple=multiple).window
