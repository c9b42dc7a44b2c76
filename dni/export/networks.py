"""Writes a blended network as safetensors, with the recipe that made it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dni.blending.interpolate import interpolate
from dni.blending.shares import MixLike, as_mix
from dni.checkpoints.atomic_write import check_destination
from dni.checkpoints.files import SAFETENSORS_SUFFIX, read_metadata, save
from dni.checkpoints.networks import load_ends
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import hashed_ends
from dni.recipes.render_request import RenderRequest
from dni.version import __version__

__all__ = ["export_network"]


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
        ends=hashed_ends(ends),
        request=RenderRequest(mix=mix),
        precision="float32",
        scale=network.scale,
        version=__version__,
    )
    save(destination, interpolate(states, mix), {**common_metadata(ends), **recipe.metadata()})
    return recipe


def common_metadata(ends: Sequence[Path]) -> dict[str, str]:
    """What the headers of all ends say alike, such as the architecture; not how one of them was trained.

    Where only some name our architecture, the blend has spandrel's parameter names and must not name it.
    """
    first, *others = (read_metadata(path) for path in ends)
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}
