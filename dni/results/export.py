"""Results to keep: a picture as PNG, a blended network as safetensors, each with the recipe that made it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from dni.checkpoints import SAFETENSORS_SUFFIX, read_metadata, save, sha256_of
from dni.errors import DniError
from dni.images import Picture, save_png
from dni.interpolate import interpolate
from dni.mix import MixLike, as_mix
from dni.networks import load_ends
from dni.recipes.order import Order
from dni.recipes.recipe import Recipe
from dni.render import Notice, Progress, Renderer, Turn
from dni.results.develop import Hooks, develop
from dni.version import __version__

__all__ = ["export_network", "export_picture", "export_recipe", "recipe_of"]


def export_picture(
    picture: Picture,
    renderer: Renderer,
    order: Order | MixLike,
    destination: Path,
    *,
    ends: Sequence[Path],
    pair_id: str = "",
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    turn: Turn | None = None,
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
    recipe = recipe_of(renderer, order, ends=ends, pair_id=pair_id)
    hooks = Hooks(progress=progress, cancelled=cancelled, turn=turn, notice=notice)
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
    turn: Turn | None = None,
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
    hooks = Hooks(progress=progress, cancelled=cancelled, turn=turn, notice=notice)
    write_picture(picture, renderer, recipe, destination, hooks)


def write_picture(
    picture: Picture, renderer: Renderer, recipe: Recipe, destination: Path, hooks: Hooks
) -> None:
    rgb, opacity = develop(picture, renderer, recipe.order, hooks)
    save_png(destination, rgb, opacity, recipe=recipe.to_json())


def recipe_of(
    renderer: Renderer, order: Order | MixLike, *, ends: Sequence[Path], pair_id: str = ""
) -> Recipe:
    """The recipe of a picture that this renderer makes; arguments as of :func:`export_picture`.

    Raises:
        DniError: The order is for another number of ends, or a file cannot be read.
    """
    return Recipe(
        pair=pair_id,
        ends=hashed(ends),
        order=Order.of(order, num_ends=len(ends)),
        precision=renderer.precision,
        scale=renderer.scale,
        version=__version__,
    )


def export_network(ends: Sequence[Path], mix: MixLike, destination: Path, *, pair_id: str = "") -> Recipe:
    """Blend the ends in float32 and write the network; spandrel loads it as it loads the ends.

    Args:
        ends: The files of the ends.
        mix: How much of each.
        destination: A ``.safetensors`` file; it appears whole or not at all.
        pair_id: The pair's id in the catalogue, or "".

    Returns:
        The recipe that the file carries.

    Raises:
        DniError: The ends, mix or destination cannot be used.
    """
    check_destination(destination, SAFETENSORS_SUFFIX)
    mix = as_mix(mix, num_ends=len(ends))
    network, states = load_ends(ends)
    recipe = Recipe(
        pair=pair_id,
        ends=hashed(ends),
        order=Order(mix=mix),
        precision="float32",
        scale=network.scale,
        version=__version__,
    )
    save(destination, interpolate(states, mix), {**common_metadata(ends), **recipe.metadata()})
    return recipe


def check_destination(destination: Path, suffix: str) -> None:
    """Raise before the work and not after it, where that can be known."""
    folder = destination.parent
    if destination.suffix.lower() != suffix:
        raise DniError(
            f"Expected a name that ends in {suffix}, but got {destination.name}: change the ending."
        )
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise DniError(
            f"Expected to write {destination}, but {folder} is no folder that you may write to: "
            "make it first, or choose another."
        )


def common_metadata(ends: Sequence[Path]) -> dict[str, str]:
    """What the headers of all ends say alike, such as the architecture; not how one of them was trained.

    Where only some name our architecture, the blend has spandrel's parameter names and must not name it.
    """
    first, *others = (read_metadata(path) for path in ends)
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}


def hashed(ends: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    return tuple((path.name, sha256_of(path)) for path in ends)
