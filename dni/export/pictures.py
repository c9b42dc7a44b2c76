"""Renders a request to a PNG file that carries its recipe."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from dni.blending.shares import MixLike
from dni.export.destination import check_destination, hashed
from dni.pictures.picture import Picture
from dni.pictures.write import save_png
from dni.recipes.recipe import Recipe
from dni.recipes.render_request import RenderRequest
from dni.rendering.renderer import Notice, Progress, Renderer, Slot
from dni.rendering.requests import Hooks, render_request
from dni.version import __version__

__all__ = ["export_picture", "export_recipe", "recipe_of"]


def export_picture(
    picture: Picture,
    renderer: Renderer,
    request: RenderRequest | MixLike,
    destination: Path,
    *,
    ends: Sequence[Path],
    pair_id: str = "",
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    slot: Slot | None = None,
    notice: Notice | None = None,
) -> Recipe:
    """Render a picture, or a part of it, and write it.

    Args:
        picture: What to render.
        renderer: The loaded ends.
        order: The mix for the whole picture, or an order with a mask, a crop or tiles.
        destination: A ``.png`` file; it appears whole or not at all.
        ends: The files that the renderer was made from, for the recipe.
        pair_id: The pair's id in the catalogue, or "".
        progress: Called with (tiles done, tiles in all).
        cancelled: When set, the render stops before its next tile.
        turn: Entered around every tile, so that others come between.
        notice: Called with a text for people if memory runs out.

    Returns:
        The recipe that the file carries; :func:`export_recipe` writes the same bytes from it.

    Raises:
        DniError: The order, picture or destination cannot be used.
        Cancelled: ``cancelled`` was set.
    """
    check_destination(destination, ".png")
    recipe = recipe_of(renderer, request, ends=ends, pair_id=pair_id)
    hooks = Hooks(progress=progress, cancelled=cancelled, slot=slot, notice=notice)
    write_picture(picture, renderer, recipe, destination, hooks)
    return recipe


def export_recipe(
    picture: Picture,
    renderer: Renderer,
    recipe: Recipe,
    destination: Path,
    *,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    slot: Slot | None = None,
    notice: Notice | None = None,
) -> None:
    """Render a picture by a recipe and write it, with that recipe.

    Args:
        picture: What to render.
        renderer: The recipe's ends, in its order and precision.
        recipe: Of this version of dni; see :func:`recipe_of`.
        destination: A ``.png`` file; it appears whole or not at all.
        progress, cancelled, turn, notice: As of :func:`export_picture`.

    Raises:
        DniError: The recipe does not suit the picture or the renderer, or the destination cannot be used.
        Cancelled: ``cancelled`` was set.
    """
    check_destination(destination, ".png")
    hooks = Hooks(progress=progress, cancelled=cancelled, slot=slot, notice=notice)
    write_picture(picture, renderer, recipe, destination, hooks)


def write_picture(
    picture: Picture, renderer: Renderer, recipe: Recipe, destination: Path, hooks: Hooks
) -> None:
    rgb, opacity = render_request(picture, renderer, recipe.request, hooks)
    save_png(destination, rgb, opacity, recipe=recipe.to_json())


def recipe_of(
    renderer: Renderer, request: RenderRequest | MixLike, *, ends: Sequence[Path], pair_id: str = ""
) -> Recipe:
    """The recipe of a picture that this renderer makes; arguments as of :func:`export_picture`.

    Raises:
        DniError: The order is for another number of ends, or a file cannot be read.
    """
    return Recipe(
        pair=pair_id,
        ends=hashed(ends),
        request=RenderRequest.of(request, num_ends=len(ends)),
        precision=renderer.precision,
        scale=renderer.scale,
        version=__version__,
    )
