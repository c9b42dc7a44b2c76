"""Results to keep: a picture as PNG, a blended network as safetensors, each with the recipe that made it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from dni import __version__
from dni.checkpoints import SAFETENSORS_SUFFIX, read_metadata, save, sha256_of
from dni.errors import DniError
from dni.images import Picture, resize_bicubic, save_png
from dni.interpolate import check_shares, interpolate
from dni.networks import load_ends
from dni.recipe import Recipe
from dni.render import DEFAULT_TILE, Progress, Renderer

__all__ = ["export_network", "export_picture"]


def export_picture(
    picture: Picture,
    renderer: Renderer,
    shares: Iterable[float],
    destination: Path,
    *,
    ends: Sequence[Path],
    pair_id: str = "",
    extrapolate: bool = False,
    tile: int = DEFAULT_TILE,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> Recipe:
    """Render a whole picture and write it; opacity is enlarged alongside by bicubic interpolation.

    Args:
        picture: What to render.
        renderer: The loaded ends.
        shares: One share an end, summing to 1.
        destination: A ``.png`` file; it appears whole or not at all.
        ends: The files that the renderer was made from, for the recipe.
        pair_id: The pair's id in the catalogue, or "".
        extrapolate: Allow shares outside [0, 1].
        tile: Side of a tile in input pixels.
        progress: Called with (tiles done, tiles in all).
        cancelled: When set, the render stops before its next tile.

    Raises:
        DniError: The shares, picture or destination cannot be used.
        Cancelled: ``cancelled`` was set.
    """
    check_destination(destination, ".png")
    shares = check_shares(shares, num_ends=len(ends), extrapolate=extrapolate)
    rgb = renderer.render(
        picture.rgb, shares, extrapolate=extrapolate, tile=tile, progress=progress, cancelled=cancelled
    )
    opacity = None if picture.opacity is None else resize_bicubic(picture.opacity, renderer.scale)
    recipe = Recipe(
        pair=pair_id,
        ends=hashed(ends),
        shares=shares,
        precision=renderer.precision,
        tile=tile,
        scale=renderer.scale,
        version=__version__,
    )
    save_png(destination, rgb, opacity, recipe=recipe.to_json())
    return recipe


def export_network(
    ends: Sequence[Path],
    shares: Iterable[float],
    destination: Path,
    *,
    pair_id: str = "",
    extrapolate: bool = False,
) -> Recipe:
    """Blend the ends in float32 and write the network; spandrel loads it as it loads the ends.

    Arguments are those of :func:`export_picture`, with a ``.safetensors`` file as the destination.

    Raises:
        DniError: The ends, shares or destination cannot be used.
    """
    check_destination(destination, SAFETENSORS_SUFFIX)
    shares = check_shares(shares, num_ends=len(ends), extrapolate=extrapolate)
    network, states = load_ends(ends)
    recipe = Recipe(
        pair=pair_id,
        ends=hashed(ends),
        shares=shares,
        precision="float32",
        tile=None,
        scale=network.scale,
        version=__version__,
    )
    blended = interpolate(states, shares, extrapolate=extrapolate)
    save(destination, blended, {**common_metadata(ends), **recipe.metadata()})
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
