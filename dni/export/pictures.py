"""Renders a request to a picture file that carries its recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dni.blending.shares import MixLike
from dni.checkpoints.atomic_write import check_destination
from dni.pictures.picture import Picture
from dni.pictures.write import FileOptions, check_file_options, save_picture
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import hashed_ends
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.rendering.requests import render_request
from dni.version import __version__

__all__ = ["clipping", "export_picture", "export_recipe", "recipe_of"]

# So much more than in the input picture is too much.
CLIPPED_SHARE = 0.25


def export_picture(
    picture: Picture,
    renderer: Renderer,
    request: RenderRequest | MixLike,
    destination: Path,
    *,
    ends: Sequence[Path],
    pair_id: str = "",
    options: FileOptions | None = None,
    control: RenderControl | None = None,
) -> Recipe:
    """Render a picture, or a part of it, and write it.

    Args:
        picture: What to render.
        renderer: The loaded ends.
        request: The mix for the whole picture, or a render request with a mask, a crop or tiles.
        destination: A file of a kind that :func:`dni.pictures.write.save_picture` knows; it appears whole or
            not at all.
        ends: The files that the renderer was made from, for the recipe.
        pair_id: The pair's id in the catalogue, or "".
        options: How the file is written.
        control: Progress, notices, cancellation and slots.

    Returns:
        The recipe that the file carries; :func:`export_recipe` writes the same bytes from it.

    Raises:
        DniError: The request, picture or destination cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    recipe = recipe_of(renderer, request, ends=ends, pair_id=pair_id)
    export_recipe(picture, renderer, recipe, destination, options=options, control=control)
    return recipe


def export_recipe(
    picture: Picture,
    renderer: Renderer,
    recipe: Recipe,
    destination: Path,
    *,
    options: FileOptions | None = None,
    control: RenderControl | None = None,
) -> None:
    """Render a picture by a recipe and write it, with that recipe.

    Args:
        picture: What to render.
        renderer: The recipe's ends, in its order and precision.
        recipe: Of this version of dni; see :func:`recipe_of`.
        destination, options: As of :func:`export_picture`.
        control: As of :func:`export_picture`.

    Raises:
        DniError: The recipe does not suit the picture or the renderer, or the destination cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    area, text = (recipe.request.crop or picture.whole).scaled(renderer.scale), recipe.to_json()
    check_file_options(
        destination, width=area.width, height=area.height, bits=recipe.request.bits, recipe=text
    )
    check_destination(destination, destination.suffix.lower())
    write_picture(picture, renderer, recipe, destination, options, control or RenderControl())


def write_picture(
    picture: Picture,
    renderer: Renderer,
    recipe: Recipe,
    destination: Path,
    options: FileOptions | None,
    control: RenderControl,
) -> None:
    rgb, opacity = render_request(picture, renderer, recipe.request, control=control)
    mixes = [mix for mix in (recipe.mix, recipe.request.brush) if mix is not None]
    if any(mix.extrapolates for mix in mixes) and (text := clipping(rgb, picture.rgb)):
        control.notify(text)
    save_picture(destination, rgb, opacity, recipe=recipe.to_json(), options=options)


def clipping(output: Tensor, picture: Tensor) -> str:
    """What to say of an extrapolated picture whose values are mostly clipped; "" where they are not.

    Args:
        output: uint8 or uint16 (3, H, W).
        picture: What it was made from, likewise.
    """
    after, before = clipped_share(output), clipped_share(picture)
    if after < before + CLIPPED_SHARE:
        return ""
    return (
        f"So far outside of the ends, {after:.0%} of the values are clipped to black or white "
        f"({before:.0%} in the picture itself): take shares nearer to 0 and 1."
    )


def clipped_share(rgb: Tensor) -> float:
    """How many of the values are the least or the largest, of 1; by planes, since pictures may be large."""
    largest = torch.iinfo(rgb.dtype).max
    planes = (plane.int() for plane in rgb)
    count = sum(int(((plane == 0) | (plane == largest)).sum()) for plane in planes)
    return count / rgb.numel()


def recipe_of(
    renderer: Renderer, request: RenderRequest | MixLike, *, ends: Sequence[Path], pair_id: str = ""
) -> Recipe:
    """The recipe of a picture that this renderer makes; arguments as of :func:`export_picture`.

    Raises:
        DniError: The request is for another number of ends, or a file cannot be read.
    """
    return Recipe(
        pair=pair_id,
        ends=hashed_ends(ends),
        request=RenderRequest.of(request, num_ends=len(ends)),
        precision=renderer.precision,
        scale=renderer.scale,
        version=__version__,
    )
