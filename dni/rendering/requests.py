"""A render request to pixels: the part of the picture that it asks for, at its mixes."""

from __future__ import annotations

from torch import Tensor

from dni.masks.files import decode_mask
from dni.pictures.picture import Picture
from dni.pictures.resize import resize_bicubic
from dni.recipes.render_request import RenderRequest, RenderRequestError
from dni.rendering.control import RenderControl
from dni.rendering.masked import Kept, Rectangle, render_masked
from dni.rendering.renderer import Renderer
from dni.rendering.tiles import span

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
        uint8 (3, scale * height, scale * width) of the crop or the whole picture, and its opacity as
        uint8 (1, same), or None where every pixel is opaque.

    Raises:
        RenderRequestError: The crop is not inside the picture.
        DniError: The picture, a mix or the mask cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    control = control or RenderControl()
    crop = crop_of(picture, request)
    opacity = picture.opacity
    if opacity is not None:
        window = surroundings(crop, picture, overlap=BICUBIC_RADIUS)
        larger = resize_bicubic(cut(opacity, window), renderer.scale)
        opacity = cut(larger, inside(crop, window), scale=renderer.scale)
    if request.mask is None:
        return render_mixed(picture, renderer, request, crop, control), opacity
    return render_painted(picture, renderer, request, crop, control, kept), opacity


def crop_of(picture: Picture, request: RenderRequest) -> Rectangle:
    """The part of the picture that is asked for."""
    left, top, width, height = request.crop or (0, 0, picture.width, picture.height)
    if left + width > picture.width or top + height > picture.height:
        raise RenderRequestError(
            f"Expected a crop inside the {picture.width}x{picture.height} picture, but got "
            f"{width}x{height} at ({left}, {top}): move it or make it smaller."
        )
    return Rectangle(left, top, width, height)


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
        cut(picture.rgb, window),
        request.mix,
        tile=request.tile,
        control=control,
    )
    return cut(rgb, inside(crop, window), scale=renderer.scale)


def surroundings(crop: Rectangle, picture: Picture, *, overlap: int, multiple: int = 1) -> Rectangle:
    """The crop with what is read around it, within the picture; see :func:`dni.rendering.tiles.span`."""
    bottom, right = crop.top + crop.height, crop.left + crop.width
    row = span(crop.top, bottom, length=picture.height, overlap=overlap, multiple=multiple)
    column = span(crop.left, right, length=picture.width, overlap=overlap, multiple=multiple)
    return Rectangle(
        column.window_start,
        row.window_start,
        column.window_stop - column.window_start,
        row.window_stop - row.window_start,
    )


def inside(crop: Rectangle, window: Rectangle) -> Rectangle:
    """Where the crop is in its window."""
    return Rectangle(crop.left - window.left, crop.top - window.top, crop.width, crop.height)


def cut(pixels: Tensor, part: Rectangle, *, scale: int = 1) -> Tensor:
    """The view of a part in (C, scale * H, scale * W) pixels."""
    rows = slice(part.top * scale, (part.top + part.height) * scale)
    return pixels[:, rows, part.left * scale : (part.left + part.width) * scale]
